"""Searching: anew, or on with the last search where the message only adds to it; and what there is at all."""

from __future__ import annotations

import re

from actions import asking, narrowing, pointing, results, things, wording
from actions.running import action
from actions.turn import Events, Turn, Unclear
from shop import catalogue, interactions

QUICK, NAMED = 4, 30  # of the catalogue's categories: offered to press, and named
ALSO = re.compile(r"(?:(?:oh|ah|ok(?:ay)?|hm+|well)[,.]?\s+)*(?:and|also|plus|preferably|ideally)\b[,.]?\s*", re.IGNORECASE)


@action
def action_search(turn: Turn) -> Events:
    """A new search: earlier wishes are gone, aversions stay. "Only linen ones", understood as a search, narrows the last list."""
    if turn.slot("last_list") and (only_attributes(turn) or asking.only_rules_out(turn)):
        return narrowing.action_refine(turn)
    if goes_on(turn):
        return with_more_words(turn)
    query = asking.query_text(turn)
    if asking.wishes_of(turn).get("by_price") and not wording.telling(re.sub(wording.OUTERMOST, "", query, flags=re.IGNORECASE)):
        query = ""  # "the cheapest thing you sell", of everything
    with turn.store.write() as session:
        if query:
            interactions.record(session, turn.customer_id, "search", query=query, source="chat", event_key=turn.key("search"))
    return results.search(turn, asking.wishes_of(turn), query)


def only_attributes(turn: Turn) -> bool:
    """Whether the message names attributes or prices and nothing that they could be attributes of."""
    if not asking.wishes_of(turn) or {"category", "product"} & {entity["entity"] for entity in turn.entities}:
        return False
    return not things.other_words(turn)


def goes_on(turn: Turn) -> bool:
    """Whether "oh and dishwasher safe" adds to the last search: it begins so, and names no thing of its own."""
    last = turn.slot("last_list")
    if not last or last["kind"] != "search" or not ALSO.match(turn.text.strip()):
        return False
    return not {"category", "product"} & {entity["entity"] for entity in turn.entities} and not things.another(turn, pointing.shown(turn))


def with_more_words(turn: Turn) -> Events:
    """The last search with what this message says besides."""
    last, said = turn.slot("last_list"), ALSO.sub("", asking.query_text(turn).strip())
    wishes = narrowing.refined_wishes(turn, asking.wishes_of(turn))
    return results.narrow(turn, last | {"query": f"{last['query']} {said}", "page": 0}, wishes)


@action
def action_range(turn: Turn) -> Events:
    """ "What do you sell?": the catalogue's own departments."""
    with turn.store.read() as session:
        names = list(dict.fromkeys(catalogue.leaf(path) for path in catalogue.categories(session)))
    if not names:
        raise Unclear("utter_not_found")
    replies = [f"Show me {name.lower()}" for name in names[:QUICK]]
    turn.say("utter_range", {"quick_replies": replies}, names=", ".join(names[:NAMED]).lower())
    return []
