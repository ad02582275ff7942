"""What to do when nothing was understood: ask between the two likeliest readings, then search by meaning, then a person. Never the same
thing twice in a row; the slot `unclear` (bot/rasa/readings.py) counts."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import SlotSet

from actions import asking, cases, codes, finding, listing, looking, narrowing, orders, person, pointing, search
from actions.running import action
from actions.turn import Events, Turn

PLAUSIBLE = 0.12  # chance from which a reading is worth asking about
TOGETHER = 0.35  # that the two must have together
SURE = 0.85  # from here on there is nothing to ask
# Readings that are no wish: to ask "did you mean to thank me?" helps nobody.
NOT_ASKED = {
    *(
        "greet",
        "goodbye",
        "thanks",
        "affirm",
        "deny",
        "inform",
        "out_of_scope",
        "nlu_fallback",
        "repeat",
        "rephrase",
        "correct",
        "wait",
        "stop",
    ),
    *("abuse", "compliment", "how_are_you", "tell_joke", "give_order_number", "no_order_number", "choose_product", "help"),
}
ASKED, SEARCHED, OFFERED_PERSON = 1, 2, 3


@action
def action_fallback(turn: Turn) -> Events:
    """What no intent was sure about may still name something of the catalogue: then it is a search."""
    if (events := of_the_catalogue(turn)) is not None:
        return events
    if turn.intent == "out_of_scope" or turn.doubt == "out_of_scope":
        turn.say("utter_out_of_scope")
        return []
    before = turn.slot("unclear") or {}
    stage, text = before.get("stage", 0), turn.text
    if turn.active_loop == "order_form" and not turn.text.rstrip().endswith("?"):  # more of the story, before the order is known
        return cases.order_first(turn)
    if stage < ASKED and (choices := readings(turn)):
        turn.say("utter_which_meaning", {"quick_replies": [f"utter_meaning_{name}" for name in (*choices, "other")]})
        return [SlotSet("unclear", {"stage": ASKED, "text": text, "entities": turn.entities, "choices": choices})]
    if stage < SEARCHED:
        events = by_meaning(turn)
        if not events:
            turn.say("utter_fallback")
        return [*events, SlotSet("unclear", {"stage": SEARCHED})]
    if stage < OFFERED_PERSON:
        turn.say("utter_offer_person")
        return [SlotSet("unclear", {"stage": OFFERED_PERSON})]
    return [*person.action_talk_to_person(turn), SlotSet("unclear", None)]


def of_the_catalogue(turn: Turn) -> Events | None:
    """The answer when the message names things of the shop, or a place in what was listed; None when it does not."""
    entities = {entity["entity"] for entity in turn.entities}
    unsure = turn.intent == "nlu_fallback"
    if "product" in entities or (unsure and entities & {*asking.FIELDS}):
        return search.action_search(turn)
    if turn.slot("goal") in finding.NEED and finding.chosen_of_shown(turn):
        return orders.action_order_request(turn)
    if turn.slot("goal") == "apply_code" and turn.entity("promo_code"):
        return codes.action_apply_code(turn)
    number = pointing.bare_number(turn)
    if number and pointing.shown_ids(turn):
        return looking.describe(turn, pointing.by_position(turn, number))
    if unsure and "ordinal" in entities and pointing.shown_ids(turn):
        return narrowing.action_choose(turn)
    return None


def readings(turn: Turn) -> list[str]:
    """The two intents that the message most likely has, when both are likely and not likely enough."""
    ranking = [reading for reading in turn.ranking if reading["name"] != "nlu_fallback"]
    top: list[dict[str, Any]] = ranking[:2]
    likely = [reading["name"] for reading in top if reading["confidence"] >= PLAUSIBLE and reading["name"] not in NOT_ASKED]
    together = sum(reading["confidence"] for reading in top)
    return likely if len(likely) == 2 and together >= TOGETHER and top[0]["confidence"] < SURE else []


def by_meaning(turn: Turn) -> Events:
    """Products that mean nearly what the message says; nothing when none does, or when there is little to go by."""
    if turn.active_loop or len(turn.text.split()) < 2 or turn.slot("shown") or turn.entity("order_number"):
        return []
    answer = listing.find(turn, "search", {}, query=turn.text)
    if answer.method != "search" or not answer.items:
        return []
    return listing.show(turn, answer, "search", {}, query=turn.text, response="utter_perhaps_these")
