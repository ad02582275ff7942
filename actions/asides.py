"""Wishes in between, while the bot asks for an order, and what it does not understand: they are answered, and the question is put once
more. After the next one it is left, so that nobody is asked for the same number over and over; who names the order later goes on where
it was left."""

from __future__ import annotations

from rasa_sdk.events import ActiveLoop, SlotSet

from actions.turn import Events, Turn

FORM = "order_form"
PATIENCE = 2  # wishes in between, one after the other
# What is said about the question itself, or leaves it by a rule of its own.
ABOUT_IT = {
    *("inform", "give_order_number", "no_order_number", "affirm", "deny", "stop", "help", "repeat"),
    *("greet", "thanks", "wait", "rephrase", "correct", "talk_to_person", "start_over", "goodbye", "ask_why"),
}
BEGINS_IT = "action_order_request"


def counted(turn: Turn, name: str, events: Events) -> Events:
    """Events to add to those of the action `name`."""
    if turn.active_loop != FORM or name == BEGINS_IT or any(event["event"] == "followup" for event in events):
        return []
    if name == f"validate_{FORM}":
        read = any(event.get("value") is not None for event in events if event["event"] == "slot")
        return [SlotSet("asides", None)] if read and turn.slot("asides") else []
    if turn.intent in ABOUT_IT:
        return []
    asides = (turn.slot("asides") or 0) + 1
    if asides < PATIENCE:
        return [SlotSet("asides", asides)]
    turn.say("utter_order_left")
    return [ActiveLoop(None), SlotSet("requested_slot", None), SlotSet("asides", None)]
