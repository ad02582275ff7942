"""Finding under wishes, and finding again under others; what contradicts itself, or an aversion, is asked about first."""

from __future__ import annotations

import re
from typing import Any

from actions import asking, listing, pointing
from actions.running import when_confirmed, when_declined
from actions.turn import Events, Turn, Unclear, ask_confirmation
from recommender.contract import Answer


def search(turn: Turn, wishes: asking.Wishes, query: str) -> Events:
    """The products for the wishes. Wishes that contradict each other, or what the customer said never to want, are asked about first."""
    return asked_first(turn, "despite_aversion", wishes, query=query) or searched(turn, wishes, query)


def searched(turn: Turn, wishes: asking.Wishes, query: str) -> Events:
    answer = listing.find(turn, "search", wishes, query=query)
    if answer.averse:
        clashing = {field.removeprefix("not_"): list(values) for field, values in answer.averse.items()}
        return ask_despite("despite_aversion", {**wishes, **clashing}, clashing, query=query)
    return listed(turn, answer, wishes, query)


def listed(turn: Turn, answer: Answer, wishes: asking.Wishes, query: str) -> Events:
    if query and (answer.method == "popular" or not answer.items and turn.slot("shown")):
        # Nothing matched at all: "the second one" goes on meaning the list that is on the screen.
        raise Unclear("utter_not_found")
    return listing.show(turn, answer, "search", wishes, query=query)


@when_confirmed("despite_aversion")
def search_despite(turn: Turn, pending: dict[str, Any]) -> Events:
    """For this once: the aversion is kept, and gives way to what is asked for."""
    return searched(turn, pending["wishes"], pending["query"])


@when_declined("despite_aversion")
def search_without(turn: Turn, pending: dict[str, Any]) -> Events:
    clashing = pending["clashing"]
    kept = {field: value for field, value in pending["wishes"].items() if field not in clashing}
    query = without_words(pending["query"], [value for values in clashing.values() for value in values])
    return listed(turn, listing.find(turn, "search", kept, query=query), kept, query)


def narrow(turn: Turn, last: dict[str, Any], wishes: asking.Wishes) -> Events:
    """The last list again under these wishes, asked about first as in a search."""
    return asked_first(turn, "narrow_despite_aversion", wishes, last=last) or narrowed(turn, last, wishes)


def narrowed(turn: Turn, last: dict[str, Any], wishes: asking.Wishes) -> Events:
    return again(turn, listing.find(turn, last["kind"], wishes, query=last["query"], like=last["like"]), last, wishes)


@when_confirmed("narrow_despite_aversion")
def narrow_despite(turn: Turn, pending: dict[str, Any]) -> Events:
    return narrowed(turn, pending["last"], pending["wishes"])


def asked_first(turn: Turn, kind: str, wishes: asking.Wishes, **pending: Any) -> Events | None:
    """The question whether to look for what the customer said never to want; None when there is nothing to ask. Wishes that contradict
    each other raise Unclear."""
    if (both := asking.contradiction(wishes)) is not None:
        raise Unclear("utter_contradiction_price" if both == "price" else "utter_contradiction", value=both.lower())
    clashing = asking.averse_to(turn, wishes)
    return ask_despite(kind, wishes, clashing, **pending) if clashing else None


def ask_despite(kind: str, wishes: asking.Wishes, clashing: dict[str, list[str]], **pending: Any) -> Events:
    taste = ", ".join(value.lower() for values in clashing.values() for value in values)
    return ask_confirmation(kind, {"taste": taste}, wishes=wishes, clashing=clashing, **pending)


def again(turn: Turn, answer: Answer, last: dict[str, Any], wishes: asking.Wishes, page: int = 0) -> Events:
    """The last list, narrowed or turned over; where that leaves the very things that were shown, it says so."""
    values = {} if last["like"] is None else {"title": pointing.product_of(turn, last["like"]).title}
    same = not answer.relaxed and [item.item for item in answer.items] == pointing.shown_ids(turn)
    usual = listing.response_for(answer, last["kind"], len(answer.items), last["query"])
    response = "utter_still_these" if same else None
    if not same and usual in ("utter_nearest", "utter_nearest_without"):  # the name was known well enough when the list was first shown
        response = "utter_narrowed_nearest"
    return listing.show(turn, answer, last["kind"], wishes, query=last["query"], like=last["like"], page=page, response=response, **values)


def without_words(query: str, words: list[str]) -> str:
    return " ".join(re.sub(rf"\b(?:{'|'.join(map(re.escape, words))})\b", " ", query, flags=re.IGNORECASE).split()) if words else query
