"""What delivery costs and how long it takes. Amounts are minor units of the shop's currency, days are working days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.errors import ShopError


@dataclass(frozen=True)
class DeliveryOption:
    """`free_from_minor` is the subtotal from which it costs nothing, None if it always costs."""

    name: str
    title: str
    cost_minor: int
    free_from_minor: int | None
    days_min: int
    days_max: int


OPTIONS = {
    "standard": DeliveryOption("standard", "Standard delivery", 395, 5000, 3, 5),
    "express": DeliveryOption("express", "Express delivery", 795, None, 1, 2),
}
COUNTRIES = ("United Kingdom",)  # as the customer reads them
CUT_OFF_HOUR = 14  # UTC; an order placed later leaves on the next working day


def option(name: str = "standard") -> DeliveryOption:
    """Raises ShopError `no_such_delivery`."""
    if name not in OPTIONS:
        raise ShopError("no_such_delivery", name=name, options=list(OPTIONS))
    return OPTIONS[name]


def cost(subtotal_minor: int, name: str = "standard") -> int:
    chosen = option(name)
    free = chosen.free_from_minor is not None and subtotal_minor >= chosen.free_from_minor
    return 0 if free else chosen.cost_minor


def expected(placed_at: datetime, name: str = "standard") -> datetime:
    """The end of the last day on which it should arrive."""
    late = placed_at.hour >= CUT_OFF_HOUR and placed_at.weekday() < 5
    day = placed_at.replace(hour=23, minute=59, second=59, microsecond=0)
    for _ in range(option(name).days_max + late):
        day += timedelta(days=1)
        while day.weekday() >= 5:
            day += timedelta(days=1)
    return day
