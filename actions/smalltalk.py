"""Stopping, starting over, repeating."""

from __future__ import annotations

import re

from rasa_sdk.events import SlotSet

from actions import finding, listing, narrowing, orders, pointing
from actions.running import action
from actions.turn import Events, Turn, Unclear, left_form
from shop import conversations

TOPIC_SLOTS = (
    *("shown", "focus", "constraints", "last_list", "goal", "pending", "order_number", "orders_shown", "delivery"),
    *("said", "reviewed", "address_for", "unclear", "gift"),
)
FORM_SLOTS = ("email", "name", "address_line", "city", "postcode", "rating", "review_text", "complaint_text")

CANCEL = re.compile(r"\bcanc(el|le)\b", re.IGNORECASE)
SENTENCE = re.compile(r"(?<=[.!?])\s")


@action
def action_stop(turn: Turn) -> Events:
    if CANCEL.search(turn.text) and turn.slot("order_number") and not turn.slot("pending") and not turn.active_loop:
        return orders.do(turn, "cancel", finding.find_order(turn, "cancel"))  # "cancel it", of an order being talked about
    turn.say("utter_stopped")
    return [*left_form(turn), SlotSet("pending", None), SlotSet("goal", None)]


@action
def action_start_over(turn: Turn) -> Events:
    turn.say("utter_started_over")
    return [*left_form(turn), *(SlotSet(slot, None) for slot in (*TOPIC_SLOTS, *FORM_SLOTS))]


@action
def action_repeat(turn: Turn) -> Events:
    """The last answer again, from what was committed; prices and stock of the products in it as they are now."""
    with turn.store.read() as session:
        said = [message.payload for message in conversations.last_answer(session, turn.conversation_id)]
    if not said:
        raise Unclear("utter_nothing_to_repeat")
    for payload in said:
        again = {key: value for key, value in payload.items() if key in ("cart", "order", "quick_replies")}
        if payload.get("products"):
            again["products"] = listing.plain_cards(turn, pointing.shown(turn), "chat_repeat")
        turn.say_again(payload.get("text", ""), again)
    return []


@action
def action_rephrase(turn: Turn) -> Events:
    """The last answer's main point, and a person for whom that is not enough."""
    with turn.store.read() as session:
        said = [message.payload.get("text") or "" for message in conversations.last_answer(session, turn.conversation_id)]
    text = next((text for text in said if text), "")
    if not text:
        raise Unclear("utter_nothing_to_repeat")
    turn.say("utter_rephrase", short=SENTENCE.split(text)[0].rstrip("."))
    return []


@action
def action_misread(turn: Turn) -> Events:
    """What was asked or described before is off the table; nothing was done that had not been confirmed. "No, I meant the first" says
    itself what is on it."""
    if turn.entity("ordinal") and pointing.shown_ids(turn):
        return narrowing.action_choose(turn)
    turn.say("utter_misread_pending" if turn.slot("pending") else "utter_misread")
    return [*left_form(turn), SlotSet("pending", None), SlotSet("goal", None)]
