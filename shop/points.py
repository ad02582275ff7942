"""Points of the shop's members: earned with what was delivered, by the shop's policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import policies
from shop.models import Order, ReturnRequest


def earned(session: Session, customer_id: int) -> int:
    """Points for delivered orders, without what was or is being sent back. Spending them is between the customer and a person."""
    delivered = list(session.scalars(select(Order).where(Order.customer_id == customer_id, Order.status == "delivered")))
    returns = select(ReturnRequest).where(ReturnRequest.order_id.in_([order.id for order in delivered]), ReturnRequest.status != "rejected")
    sent_back: dict[int, int] = {}
    for request in session.scalars(returns):
        sent_back[request.order_id] = sent_back.get(request.order_id, 0) + request.refund_minor
    return points_for(((order.id, order.subtotal_minor) for order in delivered), sent_back, policies.current().points.spend_for_one)


def points_for(spent: Iterable[tuple[int, int]], sent_back: Mapping[int, int], spend_for_one: int) -> int:
    """Whole points, counted order by order: (order id, minor units spent), order id -> minor units that go back."""
    return sum(max(minor - sent_back.get(order_id, 0), 0) // spend_for_one for order_id, minor in spent)
