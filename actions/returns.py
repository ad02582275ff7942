"""Sending things back, and where the money is."""

from __future__ import annotations

from typing import Any

from actions import pointing, speaking
from actions.running import when_confirmed
from actions.turn import Events, Turn, ask_confirmation
from shop import policies, returns
from shop.errors import ShopError
from shop.models import Order
from shop.orders import OrderStatus

WHY_NOT = {
    "not_delivered": "utter_cannot_return_not_delivered",
    "too_late": "utter_cannot_return_too_late",
    "returned": "utter_cannot_return_already",
    "cancelled": "utter_order_cancelled",
}


def start(turn: Turn, order: Order, status: OrderStatus) -> Events:
    """Asks whether to note the return of everything left of the order, or of the line the message names."""
    if status.why_not_returnable:
        return cannot(turn, order.number, status.why_not_returnable)
    with turn.store.read() as session:
        left = returns.returnable(session, order)
    if not left:
        return cannot(turn, order.number, "returned")
    line = pointing.by_words(turn, order.lines)
    if line is not None and line.id in left:
        quantity = pointing.quantity(turn)
        left = {line.id: min(quantity, left[line.id]) if quantity else left[line.id]}
    lines = [line for line in order.lines if line.id in left]
    say = {
        "number": order.number,
        "lines": speaking.in_words((left[line.id], line.title) for line in lines),
        "refund": turn.money(sum(left[line.id] * line.unit_price_minor for line in lines), order.currency),
    }
    chosen = {str(line_id): quantity for line_id, quantity in left.items()}
    return ask_confirmation("return", say, speaking.order_payload(turn, order, status), order=order.id, lines=chosen, reason=turn.text)


@when_confirmed("return")
def return_confirmed(turn: Turn, pending: dict[str, Any]) -> Events:
    chosen = {int(line_id): quantity for line_id, quantity in pending["lines"].items()}
    number = pending["say"]["number"]
    try:
        with turn.store.write() as session:
            noted = returns.request_return(session, pending["order"], chosen, pending["reason"], turn.key("return"))
    except ShopError as refusal:
        if refusal.code not in ("not_returnable", "nothing_to_return", "bad_quantity"):
            raise
        return cannot(turn, number, refusal.fields.get("why", "returned"))
    turn.say("utter_return_requested", number=number, return_number=noted.number, refund=turn.money(noted.refund_minor))
    return []


def refund(turn: Turn, order: Order, status: OrderStatus) -> Events:
    with turn.store.read() as session:
        found = returns.refund_status(session, order)
    total = turn.money(order.total_minor, order.currency)
    if found:
        newest = found[0]
        turn.say(
            f"utter_refund_{newest.status}",
            number=order.number,
            return_number=newest.number,
            refund=turn.money(newest.refund_minor, newest.currency),
            date=turn.date(newest.refunded_at),
        )
    elif order.status == "cancelled":
        turn.say("utter_refund_cancelled_order", number=order.number, total=total)
    elif order.status in ("returned", "refunded"):
        turn.say(f"utter_order_{order.status}", speaking.order_payload(turn, order, status), number=order.number)
    else:
        turn.say("utter_refund_none", number=order.number)
    return []


def cannot(turn: Turn, number: str, why: str) -> Events:
    turn.say(WHY_NOT[why], number=number, days=policies.current().returns.days)
    return []
