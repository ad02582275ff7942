"""Wishes to be told when a product is back or costs less. The worker tells (worker/alerts.py)."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions import facts, pointing
from actions.running import action
from actions.turn import Events, Turn
from shop import alerts


@action
def action_notify_me(turn: Turn) -> Events:
    product = facts.variant_meant(turn)
    below = next((int(entity["value"]) for entity in turn.entities if entity["entity"] == "price"), None)
    with turn.store.write() as session:
        thread = alerts.conversation_id(session, turn.conversation_id)
        asked = alerts.ask(session, turn.customer_id, thread, product, turn.key("alert"), below)
    if asked.kind == "back":
        turn.say("utter_will_tell_back", title=product.title)
    else:
        turn.say("utter_will_tell_cheaper", title=product.title, price=turn.money(asked.below_minor or 0, product.currency))
    return [SlotSet("focus", product.id)]


@action
def action_stop_notifying(turn: Turn) -> Events:
    """Of the product named, or of all."""
    product_id = pointing.named(turn)
    with turn.store.write() as session:
        count = alerts.end(session, turn.customer_id, product_id)
    turn.say("utter_alerts_ended" if count else "utter_no_alerts", count=count)
    return []
