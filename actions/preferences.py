"""What the customer likes and does not like, said outright. The worker keeps it, from the committed turn; here it takes effect at once."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions import asking, narrowing
from actions.running import action
from actions.turn import Events, Turn, Unclear
from shop import consent
from shop.signals import asked_for, stance_of
from shop.statements import Stance

UNWANTED = (Stance.AVERSE, Stance.REJECTED)


@action
def action_state_taste(turn: Turn) -> Events:
    named = [entity for entity in turn.entities if entity["entity"] in asking.FIELDS]
    if not named:
        raise Unclear("utter_which_taste")
    liked, averse, neutral = [], [], []
    for entity in named:
        # The profile asks the same function: what is confirmed here is what is kept.
        stance = stance_of(turn.text, turn.intent, entity)
        (averse if stance in UNWANTED else neutral if stance is Stance.NEUTRAL else liked).append(entity)
    # "I hate wool, something in cotton": cotton is asked for, not judged.
    asked = [entity for entity in named if averse and asked_for(turn.text, entity)]
    liked, averse = ([entity for entity in some if entity not in asked] for some in (liked, averse))
    for response, entities in (
        ("utter_preference_noted", liked),
        ("utter_aversion_noted", averse),
        ("utter_aversion_lifted", neutral),
    ):
        if entities:
            turn.say(response, taste=", ".join(str(entity["value"]).lower() for entity in entities))
    with turn.store.read() as session:
        if not consent.allowed(session, turn.customer_id, "personalisation"):
            turn.say("utter_taste_not_kept")
    ruled_out = asking.wishes([{**entity, "role": "not"} for entity in averse])
    wanted_again = asking.refined(turn.slot("never") or {}, asking.wishes([{**entity, "role": ""} for entity in (*liked, *neutral)]))
    never = {field: values for field, values in asking.refined(wanted_again, ruled_out).items() if field.startswith("not_")}
    return [SlotSet("never", never), *(narrowing.action_refine(turn) if asked else [])]
