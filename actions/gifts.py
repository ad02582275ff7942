"""Help with a present: for whom, what they like, on what occasion, for how much."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from actions import asking, listing, results, wording
from actions.running import action
from actions.turn import Events, Turn

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
    query, kind = (known["likes"], "gift") if known.get("likes") else (turn.text, "recommend")
    answer = listing.find(turn, kind, wishes, query=query)
    response = "utter_gifts" if kind == "recommend" and answer.items and "price" not in answer.relaxed else None
    return [*listing.show(turn, answer, kind, wishes, query=query, response=response), SlotSet("gift", known)]


def interests(turn: Turn) -> str:
    """What is left of the message without budget, person and occasion, and without the words around: "gardening"."""
    text = turn.text_without(entity for entity in turn.entities if entity["entity"] in _DROPPED or entity.get("role") == "not")
    return wording.telling(text)
