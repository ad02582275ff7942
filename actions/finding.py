"""Which order is meant, and whether this customer may see it: the signed-in owner, or a conversation that named number and email."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet

from actions import pointing
from actions.turn import Turn, Unclear
from shop import orders, verification
from shop.models import Order, now
from shop.numbers import normalise
from shop.orders import OrderStatus

GOALS = {
    "track_order": "track",
    "cancel_order": "cancel",
    "change_order_address": "change_address",
    "change_order_quantity": "change_quantity",
    "start_return": "return",
    "refund_status": "refund",
    "request_refund": "money_back",
    "ask_invoice": "invoice",
    "check_invoice": "invoice",
    "write_review": "review",
    "report_damaged": "damaged",
    "report_wrong_item": "wrong_item",
    "report_missing": "missing",
    "price_dispute": "price_dispute",
    "duplicate_charge": "duplicate_charge",
}


LAST = re.compile(r"\b(last|latest|newest|most recent) (order|purchase|parcel|package|delivery|bill|invoice)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Need:
    """Which orders a goal can be about, and how the customer is asked to choose between several."""

    fits: Callable[[OrderStatus], bool]
    which: str = "utter_which_order"

    def candidates(self, session: Any, turn: Turn) -> list[Order]:
        """The orders this customer may see, newest first, with their lines."""
        found = (
            orders.orders_of(session, turn.customer_id) if turn.signed_in else verification.granted_orders(session, turn.conversation_id)
        )
        for order in found:
            _ = order.lines
        return found


NEED = {
    "track": Need(lambda status: status.status in orders.OPEN),
    "cancel": Need(lambda status: status.cancellable),
    "change_address": Need(lambda status: status.changeable),
    "change_quantity": Need(lambda status: status.changeable),
    "return": Need(lambda status: status.returnable, "utter_which_return"),
    "refund": Need(lambda status: status.status in ("returned", "refunded", "cancelled")),
    "money_back": Need(lambda status: status.cancellable or status.returnable),
    "invoice": Need(lambda status: status.status != "cancelled"),
    "review": Need(lambda status: status.status == "delivered"),
    "damaged": Need(lambda status: status.status in ("delivered", "shipped")),
    "wrong_item": Need(lambda status: status.status in ("delivered", "shipped")),
    "missing": Need(lambda status: status.status in ("delivered", "shipped")),
    "price_dispute": Need(lambda status: status.status != "cancelled"),
    "duplicate_charge": Need(lambda status: True),
}


def goal(turn: Turn) -> str:
    """What is wanted of the order; a bare order number answers what was asked before."""
    return GOALS.get(turn.intent) or (turn.slot("goal") if turn.slot("goal") in NEED else None) or "track"


def find_order(turn: Turn, wanted: str) -> Order:
    """The order named, the one talked about, or the only one in question. Raises Unclear with what has to be asked first."""
    # An order imported from books bears its invoice's number.
    named = turn.entity("order_number") or turn.entity("invoice_number") or (None if LAST.search(turn.text) else chosen_of_shown(turn))
    with turn.store.read() as session:
        if named:
            return named_order(session, turn, normalise(str(named)), wanted)
        candidates = NEED[wanted].candidates(session, turn)
        if candidates and LAST.search(turn.text):
            return candidates[0]
        at = now()
        fitting = [order for order in candidates if NEED[wanted].fits(orders.status_of(order, at))]
        for order in candidates:
            # The order talked about is meant as long as it can be: "return it" after tracking one that cannot be returned means another.
            if order.number == turn.slot("order_number") and (order in fitting or not fitting):
                return order
        if len(fitting) == 1:
            return fitting[0]
        if candidates and not fitting:  # none will do: the one that comes closest says why
            return max(candidates, key=lambda order: wanted == "return" and order.status == "delivered")
    if fitting:
        numbers = [order.number for order in fitting[:5]]
        turn.say(NEED[wanted].which, {"quick_replies": numbers})
        raise Unclear("utter_order_numbers", [SlotSet("goal", wanted), SlotSet("orders_shown", numbers)], numbers=", ".join(numbers))
    if turn.signed_in:
        raise Unclear("utter_no_orders")
    # A number that nobody could place yet, such as one that a colleague handed on: what is missing is the order's email.
    raise form(turn, wanted, turn.slot("order_number"))


def chosen_of_shown(turn: Turn) -> str | None:
    """ "The first one", "2": of the orders that were listed."""
    numbers = turn.slot("orders_shown") or []
    position = turn.entity("ordinal") or pointing.bare_number(turn)
    if not numbers or position is None:
        return None
    index = int(position) - 1 if int(position) > 0 else len(numbers) + int(position)
    return numbers[index] if 0 <= index < len(numbers) else None


def named_order(session: Any, turn: Turn, number: str, wanted: str) -> Order:
    order = orders.by_number(session, number)
    if order is not None and verification.may_see(session, order, turn.customer_id, turn.signed_in, turn.conversation_id):
        _ = order.lines
        return order
    # Whoever cannot prove an order to be theirs is asked for its email, whether it exists or not.
    raise form(turn, wanted, number)


def form(turn: Turn, wanted: str, number: str | None) -> Unclear:
    events = [SlotSet("goal", wanted), SlotSet("order_number", number), SlotSet("email", None), FollowupAction("order_form")]
    return Unclear("", events)


def verified_order(turn: Turn) -> Order:
    """The order of number and email. Raises Unclear, and the form begins again, when they do not belong together."""
    number, email = turn.slot("order_number"), turn.slot("email")
    with turn.store.write() as session:
        result = verification.verify_order(session, turn.conversation_id, number, email, turn.message_id)
        if isinstance(result, verification.Verified):
            _ = result.order.lines
            return result.order
    again = [SlotSet("order_number", None), SlotSet("email", None)]
    if result.reason == "locked" or result.tries_left <= 0:
        raise Unclear("utter_order_locked", [*again, SlotSet("goal", None)])
    raise Unclear("utter_order_not_verified", [*again, FollowupAction("order_form")], tries_left=result.tries_left)
