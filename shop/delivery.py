"""What delivery costs and how long it takes, by the shop's policies. Amounts are minor units, days are working days."""

from __future__ import annotations

from datetime import datetime, timedelta

from shop import policies
from shop.errors import ShopError
from shop.policies import DeliveryOption


def options() -> dict[str, DeliveryOption]:
    """By name; the first is the usual one."""
    return {option.name: option for option in policies.current().delivery.options}


def usual() -> str:
    """The name of the option an order gets unless the customer chooses another."""
    return policies.current().delivery.options[0].name


def option(name: str) -> DeliveryOption:
    """Raises ShopError `no_such_delivery`."""
    found = options()
    if name not in found:
        raise ShopError("no_such_delivery", name=name, options=list(found))
    return found[name]


def cost(subtotal_minor: int, name: str) -> int:
    chosen = option(name)
    free = chosen.free_from is not None and subtotal_minor >= chosen.free_from
    return 0 if free else chosen.cost


def expected(placed_at: datetime, name: str) -> datetime:
    """The end of the last day on which it should arrive."""
    late = placed_at.hour >= policies.current().delivery.cut_off_hour and placed_at.weekday() < 5
    day = placed_at.replace(hour=23, minute=59, second=59, microsecond=0)
    for _ in range(option(name).days_max + late):
        day += timedelta(days=1)
        while day.weekday() >= 5:
            day += timedelta(days=1)
    return day
