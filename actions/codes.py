"""Codes that lower the prices of the cart."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions import cart as cart_actions
from actions import speaking
from actions.running import action
from actions.turn import Events, Turn, Unclear
from shop import cart, promotions
from shop.errors import ShopError


@action
def action_apply_code(turn: Turn) -> Events:
    """The code named; whether it lowers anything is read from the cart as it then is."""
    code = turn.entity("promo_code")
    if code is None:
        raise Unclear("utter_which_code", [SlotSet("goal", "apply_code")])
    try:
        with turn.store.write() as session:
            found = promotions.apply(session, turn.customer_id, str(code))
            content = cart.view(session, turn.customer_id)
    except ShopError as refusal:
        raise Unclear("utter_code_ended" if refusal.code == "code_ended" else "utter_no_such_code", code=str(code)) from None
    say = {"code": found.code, "percent": found.percent, "minimum": turn.money(found.minimum_minor)}
    if not content.lines:
        turn.say("utter_code_for_later", **say)
    elif content.full_minor < found.minimum_minor:
        turn.say("utter_code_below_minimum", speaking.cart_payload(turn, content), total=cart_actions.total(turn, content), **say)
    else:
        saved = turn.money(content.full_minor - content.subtotal_minor, content.currency)
        turn.say("utter_code_applied", speaking.cart_payload(turn, content), total=cart_actions.total(turn, content), saved=saved, **say)
    return [SlotSet("goal", None)]


@action
def action_remove_code(turn: Turn) -> Events:
    with turn.store.write() as session:
        there = promotions.remove(session, turn.customer_id)
        content = cart.view(session, turn.customer_id)
    if not there:
        raise Unclear("utter_no_code_on_cart")
    turn.say("utter_code_removed", speaking.cart_payload(turn, content) if content.lines else None, total=cart_actions.total(turn, content))
    return []
