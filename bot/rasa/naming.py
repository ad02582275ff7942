"""Messages that only name things of the shop: "show me tops", "casserole". What the catalogue calls its things need not be among the
examples, so such a message is a search when the classifier is in doubt."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

SEARCH, AVERSION = "search_product", "state_aversion"
TOGETHER = 0.7  # the chance that the two must have
# What the classifier makes of words that it has never seen.
DOUBTFUL = {"nlu_fallback", "out_of_scope"}
THINGS = {"category", "product"}
ABOUT_THINGS = THINGS | {"brand", "colour", "material", "size", "price"}
_WORDS = (
    "a about all an any anything are can could display do does find for from get give got have hello hi i i'd i'm im in is kind let like "
    "list looking me more need of on one ones please pls section see sell show some sort stuff the there things to u under up want what "
    "what's whats which with would you your"
)
_ASKING = frozenset(_WORDS.split())
# "Which mugs are dishwasher safe": begins like a question for things, whatever is said of them.
_WHICH = re.compile(
    r"^(?:(?:and|ok(?:ay)?|so|hi|hello|well)[,.]?\s+)*"
    r"(?:which(?: of your)?|do you (?:have|sell|do)|have you got|got|show me|any|find me|looking for)\b",
    re.IGNORECASE,
)


def only_names(parse: Mapping[str, Any], doubtful: Collection[str] = DOUBTFUL) -> bool:
    """Whether a doubtful message names a thing of the catalogue and says nothing else but words of asking, or asks which of a kind."""
    entities = parse["entities"]
    names = {entity["entity"] for entity in entities if entity.get("role") != "not"}
    if parse["intent"]["name"] not in doubtful or not names & THINGS or {entity["entity"] for entity in entities} - ABOUT_THINGS:
        return False
    if "category" in names and _WHICH.match(parse["text"].strip()):
        return True
    rest = parse["text"]
    for entity in sorted(entities, key=lambda e: -e["start"]):
        rest = rest[: entity["start"]] + " " + rest[entity["end"] :]
    return set(re.findall(r"[^\W_]+(?:['’][^\W_]+)?", rest.casefold().replace("’", "'"))) <= _ASKING


def wants_and_rules_out(parse: Mapping[str, Any]) -> bool:
    """Whether a doubtful message is both: "I need a throw, no wool, I'm allergic"."""
    first = [one for one in parse["intent_ranking"] if one["name"] not in DOUBTFUL][:2]
    return (
        parse["intent"]["name"] in DOUBTFUL
        and {one["name"] for one in first} == {SEARCH, AVERSION}
        and sum(one["confidence"] for one in first) >= TOGETHER
    )


def read_as(parse: dict[str, Any], intent: str) -> dict[str, Any]:
    """The parse data with that reading; the classifier's ranking follows, as it was."""
    found = {"name": intent, "confidence": 1.0}
    others = [one for one in parse["intent_ranking"] if one["name"] != intent]
    return {**parse, "intent": found, "intent_ranking": [found, *others], "doubt": None}
