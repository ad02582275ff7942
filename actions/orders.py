"""Looking up orders and changing them before they leave."""

from __future__ import annotations

from functools import partial
from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet

from actions import account, cases, checkout, pointing, returns, reviews, speaking
from actions.finding import GOALS, LAST, NEED, chosen_of_shown, find_order, goal, verified_order
from actions.running import action, when_confirmed
from actions.turn import Events, Turn, Unclear, ask_confirmation, left_form
from shop import orders
from shop.models import Order, OrderLine, now
from shop.orders import OrderStatus

LISTED = 3


@action
def action_order_request(turn: Turn) -> Events:
    """Everything a customer wants of an order begins here: which order, may they see it, then what they want."""
    wanted = goal(turn)
    if wanted == "change_address" and (turn.slot("pending") or {}).get("kind") == "checkout":
        return checkout.another_address(turn)
    if wanted == "track" and len(several := open_orders(turn)) > 1:
        for order in several[:LISTED]:
            track(turn, order, orders.status_of(order, now()))
        return [SlotSet("orders_shown", [order.number for order in several[:LISTED]]), SlotSet("goal", "track")]
    # What is wrong is kept in the customer's own words while the order is being asked for.
    said = [SlotSet("said", cases.story(turn))] if wanted in cases.OF_ORDERS and turn.intent in GOALS else []
    try:
        order = find_order(turn, wanted)
    except Unclear as unclear:
        unclear.events[:0] = said
        raise
    if said:
        turn.slots["said"] = said[0]["value"]
    return do(turn, wanted, order)


def open_orders(turn: Turn) -> list[Order]:
    """Those that are on their way, unless the message or the conversation is about a particular one."""
    if turn.entity("order_number") or turn.slot("order_number") or LAST.search(turn.text) or chosen_of_shown(turn):
        return []
    with turn.store.read() as session:
        return [o for o in NEED["track"].candidates(session, turn) if o.status in orders.OPEN]


@action
def action_no_order_number(turn: Turn) -> Events:
    """Says what else there is; who has not got what was asked for is not asked for it again."""
    asked = turn.slot("requested_slot") if turn.active_loop == "order_form" else None
    turn.say("utter_no_order_email" if asked == "email" else "utter_no_order_number")
    return left_form(turn) if asked else []


@action
def action_order_identified(turn: Turn) -> Events:
    """The form has asked for number and email."""
    return do(turn, turn.slot("goal") or "track", verified_order(turn))


def do(turn: Turn, wanted: str, order: Order) -> Events:
    handle = {
        "track": track,
        "cancel": cancel,
        "change_address": change_address,
        "change_quantity": change_quantity,
        "return": returns.start,
        "refund": returns.refund,
        "money_back": money_back,
        "invoice": invoice,
        "review": reviews.of_order,
        **{kind: partial(cases.report, kind) for kind in cases.OF_ORDERS},
    }[wanted]
    settled = [SlotSet("order_number", order.number), SlotSet("goal", None), SlotSet("orders_shown", None)]
    return [*settled, *handle(turn, order, orders.status_of(order, now()))]


@action
def action_list_orders(turn: Turn) -> Events:
    with turn.store.read() as session:
        found = NEED["track"].candidates(session, turn)
        cards = [speaking.order_payload(turn, order, orders.status_of(order, now())) for order in found[:LISTED]]
    if (turn.slot("pending") or {}).get("kind") == "checkout":  # "what did i order again", while it is being read out
        return [FollowupAction("action_ask_confirmation")]
    if not cards:
        if turn.signed_in:
            raise Unclear("utter_no_orders")
        return [SlotSet("goal", "track"), SlotSet("order_number", None), FollowupAction("order_form")]
    for n, card in enumerate(cards):
        turn.say("utter_orders" if n == 0 else "utter_another_order", card, number=card["order"]["number"])
    return [SlotSet("orders_shown", [card["order"]["number"] for card in cards]), SlotSet("goal", "track")]


def track(turn: Turn, order: Order, status: OrderStatus) -> Events:
    values = {
        "number": order.number,
        "expected": turn.date(order.expected_at),
        "delivered": turn.date(order.delivered_at),
        "carrier": order.carrier,
        "tracking": order.tracking_number,
    }
    response = "utter_order_late" if status.late else f"utter_order_{order.status}"
    if response == "utter_order_shipped" and not (order.tracking_number and order.carrier):
        response = "utter_order_shipped_untracked"
    if response == "utter_order_delivered" and not order.delivered_at:
        response = "utter_order_delivered_undated"
    turn.say(response, speaking.order_payload(turn, order, status), **values)
    return ask_confirmation("talk_to_person", {}) if status.late else []


def money_back(turn: Turn, order: Order, status: OrderStatus) -> Events:
    """A refund is wanted: by cancelling what has not left, by returning what has arrived."""
    if status.cancellable:
        return cancel(turn, order, status)
    if order.status in ("cancelled", "returned", "refunded"):
        return returns.refund(turn, order, status)
    return returns.start(turn, order, status)


def invoice(turn: Turn, order: Order, status: OrderStatus) -> Events:
    if order.status == "cancelled":
        turn.say("utter_order_cancelled", speaking.order_payload(turn, order, status), number=order.number)
        return []
    turn.say("utter_invoice", speaking.link("Open the invoice", f"/orders/{order.number}/invoice"), number=order.number)
    return []


def cancel(turn: Turn, order: Order, status: OrderStatus) -> Events:
    if not status.cancellable:
        response = "utter_order_cancelled" if order.status == "cancelled" else "utter_cannot_cancel"
        turn.say(response, speaking.order_payload(turn, order, status), number=order.number, status=order.status)
        return []
    say = {"number": order.number, "total": turn.money(order.total_minor, order.currency), "lines": lines_of(order)}
    return ask_confirmation("cancel_order", say, speaking.order_payload(turn, order, status), order=order.id)


@when_confirmed("cancel_order")
def cancel_confirmed(turn: Turn, pending: dict[str, Any]) -> Events:
    with turn.store.write() as session:
        order = orders.cancel(session, pending["order"], turn.key("cancel_order"))
    turn.say(
        "utter_order_now_cancelled",
        speaking.order_payload(turn, order, orders.status_of(order, now())),
        number=order.number,
        total=turn.money(order.total_minor, order.currency),
    )
    return []


def change_address(turn: Turn, order: Order, status: OrderStatus) -> Events:
    changeable_or_unclear(order, status)
    return [*(SlotSet(slot, None) for slot in account.ADDRESS_SLOTS), SlotSet("address_for", "order"), FollowupAction("address_form")]


@action
def action_change_address(turn: Turn) -> Events:
    """The form has asked for the new address, of an order or to be kept in the account."""
    if turn.slot("address_for") == "account":
        return account.confirm_address(turn)
    order = find_order(turn, "change_address")
    changeable_or_unclear(order, orders.status_of(order, now()))
    address = {
        "name": order.address.get("name", ""),
        "line1": turn.slot("address_line"),
        "city": turn.slot("city"),
        "postcode": turn.slot("postcode"),
        "country": order.address.get("country", ""),
    }
    say = {"number": order.number, "address": speaking.address_line(address)}
    return ask_confirmation("change_address", say, order=order.id, address=address)


@when_confirmed("change_address")
def address_confirmed(turn: Turn, pending: dict[str, Any]) -> Events:
    with turn.store.write() as session:
        order = orders.change_address(session, pending["order"], pending["address"], turn.key("change_address"))
    turn.say("utter_address_changed", number=order.number, address=speaking.address_line(order.address))
    return []


def change_quantity(turn: Turn, order: Order, status: OrderStatus) -> Events:
    changeable_or_unclear(order, status)
    line, quantity = line_meant(turn, order), pointing.quantity(turn)
    if line is None or quantity is None:
        turn.say("utter_which_line", speaking.order_payload(turn, order, status), number=order.number, lines=lines_of(order))
        return [SlotSet("goal", "change_quantity")]
    say = {"number": order.number, "title": line.title, "before": line.quantity, "quantity": quantity}
    return ask_confirmation("change_quantity", say, order=order.id, line=line.id, quantity=quantity)


@when_confirmed("change_quantity")
def quantity_confirmed(turn: Turn, pending: dict[str, Any]) -> Events:
    with turn.store.write() as session:
        order = orders.change_quantity(session, pending["order"], pending["line"], pending["quantity"], turn.key("change_quantity"))
    turn.say(
        "utter_quantity_of_order_changed",
        speaking.order_payload(turn, order, orders.status_of(order, now())),
        number=order.number,
        lines=lines_of(order),
        total=turn.money(order.total_minor, order.currency),
    )
    return []


def changeable_or_unclear(order: Order, status: OrderStatus) -> None:
    if not status.changeable:
        raise Unclear("utter_cannot_change", number=order.number, status=order.status)


def line_meant(turn: Turn, order: Order) -> OrderLine | None:
    """The only line, or the one the message names."""
    return order.lines[0] if len(order.lines) == 1 else pointing.by_words(turn, order.lines)


def lines_of(order: Order) -> str:
    return speaking.in_words((line.quantity, line.title) for line in order.lines)
