"""From the cart to a placed order: the details that are missing, a summary, a yes, and the order as it was committed."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet

from actions import cart as cart_actions
from actions import cases, codes, finding, forms, pointing, questions, search, speaking
from actions.running import action, when_confirmed
from actions.turn import Events, Turn, ask_confirmation
from shop import cart, delivery, orders, policies, verification
from shop.errors import ShopError
from shop.models import Customer, now

USUAL = re.compile(r"\b(normal|usual|regular|slow\w*|cheap\w*|standard)\b")
DETAILS = ("name", "email", "address_line", "city", "postcode")


@action
def action_checkout(turn: Turn) -> Events:
    """Puts the question whether to order exactly this, or first asks for what is missing."""
    content = cart_actions.present(turn)
    if any(turn.slot(slot) is None for slot in DETAILS):
        address, email = saved_address(turn)
        if not address:
            return [FollowupAction("checkout_form")]
    else:
        address, email = given_address(turn), turn.slot("email")
    chosen = turn.slot("delivery") or delivery.usual()
    shipping = delivery.cost(content.subtotal_minor, chosen)
    say = {
        "count": content.count,
        "subtotal": turn.money(content.subtotal_minor, content.currency),
        "shipping": turn.money(shipping, content.currency),
        "delivery": chosen,
        "total": turn.money(content.subtotal_minor + shipping, content.currency),
        "address": speaking.address_line(address),
        "email": email,
    }
    details = {"address": address, "email": email, "delivery": chosen, "expected": fingerprint(content)}
    ways = [f"Use {name} delivery" for name in delivery.options() if name != chosen]
    return ask_confirmation("checkout", say, {**speaking.cart_payload(turn, content), "quick_replies": ways}, **details)


@when_confirmed("checkout")
def place_order(turn: Turn, pending: dict[str, Any]) -> Events:
    """Places the order that was described, and no other: when the cart or a price has changed since, the customer is asked again."""
    try:
        with turn.store.write() as session:
            content = cart.view(session, turn.customer_id)
            # An empty cart may mean that this very message was already carried out: the key finds that order again.
            if content.lines and fingerprint(content) != pending["expected"]:
                turn.say("utter_cart_changed")
                return [FollowupAction("action_checkout")]
            key = turn.key("checkout")
            address, email = pending["address"], pending["email"]
            order = orders.checkout(session, turn.customer_id, key, address, email, pending["delivery"], source="chat")
            verification.grant(session, turn.conversation_id, order, turn.key("placed"))
    except ShopError as refusal:
        if refusal.code != "out_of_stock":
            raise
        turn.say("utter_sold_out_at_checkout", **refusal.fields)
        return []
    turn.say(
        "utter_order_placed",
        speaking.order_payload(turn, order, orders.status_of(order, now())),
        number=order.number,
        total=turn.money(order.total_minor, order.currency),
        expected=turn.date(order.expected_at),
    )
    return [SlotSet("order_number", order.number), SlotSet("delivery", None)]


@action
def action_choose_delivery(turn: Turn) -> Events:
    """Standard or express, for the order that is about to be placed."""
    named = [name for name in delivery.options() if name.replace("_", " ") in turn.text.casefold()]
    if len(named) > 1:  # "standard or express, what is the difference"
        return questions.answer(turn, "ask_delivery_options")
    chosen = delivery_meant(turn.text.casefold())
    if (turn.slot("pending") or {}).get("kind") == "checkout" and not turn.active_loop:
        return [SlotSet("delivery", chosen), FollowupAction("action_checkout")]
    turn.say("utter_delivery_chosen", delivery=questions.described(turn, delivery.option(chosen)))
    return [SlotSet("delivery", chosen)]


def delivery_meant(text: str) -> str:
    """The option that the text names; "the normal one" is the usual one, and everything else asks for the quickest."""
    named = next((name for name in delivery.options() if name.replace("_", " ") in text), None)
    if named is None:
        named = delivery.usual() if USUAL.search(text) else questions.quickest(policies.current()).name
    return named


def another_address(turn: Turn) -> Events:
    """The order goes elsewhere than to the address that was read out: only the address is asked for again."""
    pending = turn.slot("pending")
    kept = [SlotSet("name", pending["address"].get("name")), SlotSet("email", pending["email"]), SlotSet("pending", None)]
    return [*kept, *(SlotSet(slot, None) for slot in ("address_line", "city", "postcode")), FollowupAction("checkout_form")]


def described_details(turn: Turn) -> Events:
    """The details that were read out with the order, for those that the customer corrects to be put over them."""
    pending = turn.slot("pending")
    address = pending["address"]
    values = (address.get("name"), pending["email"], address.get("line1"), address.get("city"), address.get("postcode"))
    return [SlotSet(slot, value) for slot, value in zip(DETAILS, values, strict=True)]


@action
def action_inform(turn: Turn) -> Events:
    """A detail nobody asked for: it may answer the bot's last question, or name a product."""
    if turn.slot("goal") == "change_quantity" and pointing.quantity(turn) is not None:
        return cart_actions.action_change_cart_quantity(turn)
    if (turn.slot("pending") or {}).get("kind") == "checkout" and (changed := forms.validated(turn, DETAILS)):
        return [*described_details(turn), *changed, FollowupAction("action_checkout")]
    if turn.entity("promo_code"):
        return codes.action_apply_code(turn)
    if pointing.by_title(turn) is not None:
        return search.action_search(turn)
    if turn.active_loop == "order_form":
        return cases.order_first(turn)
    if (email := turn.entity("email")) and turn.slot("goal") in finding.NEED and not turn.signed_in:
        if number := forms.order_number(turn) or turn.slot("order_number"):  # told with it, or before the form was left
            return [SlotSet("order_number", number), SlotSet("email", email), FollowupAction("order_form")]
        turn.say("utter_email_alone")
        return [SlotSet("email", email)]
    turn.say("utter_inform")
    return []


def fingerprint(content: cart.Cart) -> list[list[int]]:
    """What makes it the same order: products, quantities and prices, and thereby the total."""
    return [[line.product_id, line.quantity, line.price_minor] for line in content.lines]


def saved_address(turn: Turn) -> tuple[dict[str, str], str]:
    if not turn.signed_in:
        return {}, ""
    with turn.store.read() as session:
        customer = session.get(Customer, turn.customer_id)
        if customer is None or not customer.address or not customer.email:
            return {}, ""
        return customer.address, customer.email


def given_address(turn: Turn) -> dict[str, str]:
    return {"name": turn.slot("name"), "line1": turn.slot("address_line"), "city": turn.slot("city"), "postcode": turn.slot("postcode")}
