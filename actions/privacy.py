"""Consent, what is known about the customer, and being forgotten."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import SlotSet

from actions import asking
from actions.running import action, when_confirmed
from actions.turn import Events, Turn, ask_confirmation, left_form
from shop import consent, orders, privacy, profiles

CONSENT = {
    "opt_out": ("personalisation", False, "utter_opted_out"),
    "opt_in": ("personalisation", True, "utter_opted_in"),
    "unsubscribe": ("marketing", False, "utter_unsubscribed"),
    "subscribe": ("marketing", True, "utter_subscribed"),
}
INTERESTS_NAMED = ("category", "brand", "colour", "material")
INTERESTS_TOLD = 6


@action
def action_consent(turn: Turn) -> Events:
    purpose, granted, response = CONSENT[turn.intent]
    with turn.store.write() as session:
        consent.set_consent(session, turn.customer_id, purpose, granted, "chat", turn.message_id)
    turn.say(response)
    return []


@action
def action_about_me(turn: Turn) -> Events:
    with turn.store.read() as session:
        profile = profiles.load(session, turn.customer_id, half_life_days=turn.settings.interest_half_life_days)
        count = len(orders.orders_of(session, turn.customer_id)) if turn.signed_in else 0
        on = {purpose: "on" if consent.allowed(session, turn.customer_id, purpose) else "off" for purpose in consent.DEFAULTS}
    # A price band or a size alone ("10") tells a customer nothing.
    told = (interest for kind in INTERESTS_NAMED for interest in profile.interests.get(kind, ()))
    strongest = sorted(told, key=lambda interest: -interest.weight)[:INTERESTS_TOLD]
    parts = {
        "interests": ", ".join(dict.fromkeys(interest.key for interest in strongest)),
        "likes": ", ".join(stated.value for stated in profile.preferences),
        "dislikes": ", ".join(stated.value for stated in profile.aversions),
    }
    if not any(parts.values()):
        turn.say("utter_about_nothing")
    for name, value in parts.items():
        if value:
            turn.say(f"utter_about_{name}", **{name: value})
    if count:
        turn.say("utter_about_orders", count=count)
    turn.say(f"utter_about_{on['personalisation']}_{on['marketing']}")
    return []


@action
def action_correct_profile(turn: Turn) -> Events:
    """What was said or seen of a taste no longer counts. The worker does it, from the committed turn (`shop.signals`)."""
    named = [entity for entity in turn.entities if entity["entity"] in asking.FIELDS]
    if not named:
        turn.say("utter_which_correction")
        action_about_me(turn)
        return []
    turn.say("utter_profile_corrected", taste=", ".join(dict.fromkeys(str(entity["value"]).lower() for entity in named)))
    again = asking.wishes([{**entity, "role": ""} for entity in named])
    never = {field: values for field, values in asking.refined(turn.slot("never") or {}, again).items() if field.startswith("not_")}
    return [SlotSet("never", never)]


@action
def action_forget_me(turn: Turn) -> Events:
    return [*left_form(turn), *ask_confirmation("forget_me", {})]


@when_confirmed("forget_me")
def forget(turn: Turn, _: dict[str, Any]) -> Events:
    with turn.store.write() as session:
        privacy.request_erasure(session, turn.customer_id, turn.message_id)
    turn.say("utter_forgotten")
    return []
