"""Segments of customers by what they ordered: the recency and frequency of RFM (Hughes: Strategic Database Marketing, 1994).

Every customer is in exactly one. Cancelled orders do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, func, select

from shop.models import Customer, Order, now
from shop.profile import Rfm

RECENT, LAPSED = 120, 365  # days since the newest order


@dataclass(frozen=True)
class Bounds:
    """`orders`: from, to; `days` since the newest order: from (included), to (not included). None is no bound."""

    orders: tuple[int, int | None]
    days: tuple[float, float | None]
    meaning: str


BY_ORDERS = {
    "new": Bounds((1, 1), (0, RECENT), f"one order, in the last {RECENT} days"),
    "returning": Bounds((2, 2), (0, RECENT), f"two orders, the newest in the last {RECENT} days"),
    "loyal": Bounds((3, None), (0, RECENT), f"three orders or more, the newest in the last {RECENT} days"),
    "one_time": Bounds((1, 1), (RECENT, LAPSED), f"one order, {RECENT} to {LAPSED} days ago"),
    "at_risk": Bounds((2, None), (RECENT, LAPSED), f"two orders or more, the newest {RECENT} to {LAPSED} days ago"),
    "lapsed": Bounds((1, None), (LAPSED, None), f"ordered, but not in the last {LAPSED} days"),
}
SEGMENTS = {
    "guest": "known only by a browser or an address of a channel, nothing ordered",
    "prospect": "known to the shop, nothing ordered",
} | {name: bounds.meaning for name, bounds in BY_ORDERS.items()}


def segment_of(rfm: Rfm, guest: bool) -> str:
    """The name of the customer's segment."""
    if rfm.frequency == 0 or rfm.recency_days is None:
        return "guest" if guest else "prospect"
    return next(name for name, bounds in BY_ORDERS.items() if _within(rfm.frequency, rfm.recency_days, bounds))


def members(name: str) -> Select:
    """The ids of the segment's customers. Raises KeyError for an unknown segment."""
    buyers = select(Order.customer_id).where(Order.status != "cancelled", Order.customer_id.is_not(None))
    if name in ("guest", "prospect"):
        unknown = Customer.external_id.is_(None) & Customer.email.is_(None)
        return select(Customer.id).where(unknown if name == "guest" else ~unknown, Customer.id.not_in(buyers))
    bounds, at = BY_ORDERS[name], now()
    newest = func.max(Order.placed_at)
    clauses: list[ColumnElement[bool]] = [func.count() >= bounds.orders[0]]
    if bounds.orders[1] is not None:
        clauses.append(func.count() <= bounds.orders[1])
    if bounds.days[0]:
        clauses.append(newest <= at - timedelta(days=bounds.days[0]))
    if bounds.days[1] is not None:
        clauses.append(newest > at - timedelta(days=bounds.days[1]))
    return buyers.group_by(Order.customer_id).having(*clauses)


def _within(orders: int, days: float, bounds: Bounds) -> bool:
    least, most = bounds.orders
    soonest, latest = bounds.days
    return least <= orders and (most is None or orders <= most) and soonest <= days and (latest is None or days < latest)
