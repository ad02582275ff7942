"""Sending things back: what may be returned, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import policies
from shop.commands import once
from shop.errors import ShopError
from shop.models import Order, ReturnRequest, now
from shop.numbers import new_number
from shop.text import clean


@dataclass(frozen=True)
class RefundStatus:
    """`status`: requested, received, refunded, rejected."""

    number: str
    status: str
    refund_minor: int
    currency: str
    requested_at: datetime
    refunded_at: datetime | None


def until(order: Order) -> datetime | None:
    """The last moment a return may be asked for; None before delivery."""
    return order.delivered_at + timedelta(days=policies.current().returns.days) if order.delivered_at else None


def why_not(order: Order, at: datetime) -> str:
    """ "" when a return may be asked for, else cancelled, returned, not_delivered or too_late."""
    if order.status in ("cancelled", "returned", "refunded"):
        return "cancelled" if order.status == "cancelled" else "returned"
    last = until(order)
    if order.status != "delivered" or last is None:
        return "not_delivered"
    return "too_late" if at > last else ""


def returnable(session: Session, order: Order) -> dict[int, int]:
    """Order line id -> how many of it were neither returned nor are on their way back. Lines with none are left out."""
    left = {line.id: line.quantity for line in order.lines}
    for request in _requests(session, order.id):
        if request.status != "rejected":
            for line_id, quantity in request.lines.items():
                left[int(line_id)] = left.get(int(line_id), 0) - quantity
    return {line_id: quantity for line_id, quantity in left.items() if quantity > 0}


def request_return(
    session: Session, order_id: int, lines: Mapping[int, int] | None, reason: str, key: str, at: datetime | None = None
) -> ReturnRequest:
    """Announces a return, once for each `key`. `lines`: order line id -> quantity; None is everything that is left.

    Raises ShopError: `not_returnable` (why, status, until); `nothing_to_return`; `bad_quantity` (line_id, left); `no_such_order`.
    """

    def change() -> dict[str, int]:
        query = select(Order).where(Order.id == order_id).with_for_update()
        order = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
        if order is None:
            raise ShopError("no_such_order", order_id=order_id)
        refused = why_not(order, at or now())
        if refused:
            raise ShopError("not_returnable", why=refused, status=order.status, until=until(order))
        chosen = _chosen(lines, returnable(session, order))
        price = {line.id: line.unit_price_minor for line in order.lines}
        request = ReturnRequest(
            number=new_number("RT"),
            order_id=order.id,
            lines={str(line_id): quantity for line_id, quantity in chosen.items()},
            reason=clean(reason, 500),
            refund_minor=sum(price[line_id] * quantity for line_id, quantity in chosen.items()),
            requested_at=at or now(),
        )
        session.add(request)
        session.flush()
        return {"return_id": request.id}

    return session.get_one(ReturnRequest, once(session, key, "return", change)["return_id"])


def refund(session: Session, order_id: int, reason: str, key: str, at: datetime | None = None) -> ReturnRequest:
    """Pays back, at once and without a parcel, whatever of a shipped or delivered order was not returned yet; for colleagues.

    Raises ShopError: `not_refundable` (status); `nothing_to_return`; `no_such_order`.
    """

    def change() -> dict[str, int]:
        query = select(Order).where(Order.id == order_id).with_for_update()
        order = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
        if order is None:
            raise ShopError("no_such_order", order_id=order_id)
        if order.status not in ("shipped", "delivered", "returned"):
            raise ShopError("not_refundable", status=order.status)
        left = _chosen(None, returnable(session, order))
        price = {line.id: line.unit_price_minor for line in order.lines}
        when = at or now()
        request = ReturnRequest(
            number=new_number("RT"),
            order_id=order.id,
            lines={str(line_id): quantity for line_id, quantity in left.items()},
            reason=clean(reason, 500),
            status="refunded",
            refund_minor=sum(price[line_id] * quantity for line_id, quantity in left.items()),
            requested_at=when,
            refunded_at=when,
        )
        session.add(request)
        order.status = "refunded"
        session.flush()
        return {"return_id": request.id}

    return session.get_one(ReturnRequest, once(session, key, "refund", change)["return_id"])


def refund_status(session: Session, order: Order) -> list[RefundStatus]:
    """The order's returns, newest first."""
    return [
        RefundStatus(r.number, r.status, r.refund_minor, order.currency, r.requested_at, r.refunded_at)
        for r in _requests(session, order.id)
    ]


def _chosen(lines: Mapping[int, int] | None, left: Mapping[int, int]) -> dict[int, int]:
    chosen = dict(left if lines is None else lines)
    if not chosen:
        raise ShopError("nothing_to_return")
    for line_id, quantity in chosen.items():
        if not 1 <= quantity <= left.get(line_id, 0):
            raise ShopError("bad_quantity", line_id=line_id, quantity=quantity, left=left.get(line_id, 0))
    return chosen


def _requests(session: Session, order_id: int) -> list[ReturnRequest]:
    query = select(ReturnRequest).where(ReturnRequest.order_id == order_id)
    return list(session.scalars(query.order_by(ReturnRequest.requested_at.desc(), ReturnRequest.id.desc())))
