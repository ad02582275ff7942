"""Help with a present: for whom, what they like, on what occasion, for how much."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions import asking, listing, results, wording
from actions.running import action
from actions.turn import Events, Turn
from recommender.contract import Answer

_DROPPED = {"price", "recipient", "occasion", "date", "quantity", "person"}


@action
def action_gift_help(turn: Turn) -> Events:
    """Presents within the budget: by what the other likes where the message says so, else by whom it is for. What was said before about
    the same present (the slot `gift`) still holds."""
    known = dict(turn.slot("gift") or {})
    for kind in ("recipient", "occasion"):
        if value := turn.entity(kind):
            known[kind] = value
    if likes := interests(turn):
        known["likes"] = likes
    wishes = asking.refined(known.get("wishes") or {}, asking.wishes_of(turn))
    known["wishes"] = wishes
    if asking.wishes_of(turn).get("categories"):  # "she saw a green vase": a thing that is named says more than the rest
        return [*results.search(turn, wishes, asking.query_text(turn)), SlotSet("gift", known)]
    query = known.get("likes") or turn.text
    answer = present(turn, wishes, query) if known.get("likes") else listing.find(turn, "recommend", wishes, query=turn.text)
    response = "utter_gifts_for" if known.get("likes") else "utter_gifts"
    if not answer.items:
        response = None
    elif "price" in answer.relaxed:
        response = "utter_relaxed_price"
    return [
        *listing.show(turn, answer, "search" if answer.method == "search" else "recommend", wishes, query=query, response=response),
        SlotSet("gift", known),
    ]


def present(turn: Turn, wishes: asking.Wishes, query: str) -> Answer:
    """By the words first; where the budget would have to give way, whatever suits the meaning within the budget."""
    answer = listing.find(turn, "search", wishes, query=query)
    if answer.items and answer.method == "search" and not answer.relaxed:
        return answer
    within = listing.find(turn, "recommend", wishes, query=query)
    return within if within.items and not (within.relaxed and answer.items) else answer


def interests(turn: Turn) -> str:
    """What is left of the message without budget, person and occasion, and without the words around: "gardening"."""
    text = turn.text_without(entity for entity in turn.entities if entity["entity"] in _DROPPED or entity.get("role") == "not")
    return wording.telling(text).removesuffix("'s")
