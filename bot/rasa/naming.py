"""Messages that only name things of the shop: "show me tops", "casserole". What the catalogue calls its things need not be among the
examples, so such a message is a search when the classifier is in doubt."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

SEARCH = "search_product"
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


def only_names(parse: Mapping[str, Any], doubtful: Collection[str] = DOUBTFUL) -> bool:
    """Whether a doubtful message names a thing of the catalogue and says nothing else but words of asking."""
    entities = parse["entities"]
    names = {entity["entity"] for entity in entities if entity.get("role") != "not"}
    if parse["intent"]["name"] not in doubtful or not names & THINGS or {entity["entity"] for entity in entities} - ABOUT_THINGS:
        return False
    rest = parse["text"]
    for entity in sorted(entities, key=lambda e: -e["start"]):
        rest = rest[: entity["start"]] + " " + rest[entity["end"] :]
    return set(re.findall(r"[^\W_]+(?:['’][^\W_]+)?", rest.casefold().replace("’", "'"))) <= _ASKING


def as_search(parse: dict[str, Any]) -> dict[str, Any]:
    """The parse data, read as a search; the classifier's ranking follows, as it was."""
    found = {"name": SEARCH, "confidence": 1.0}
    others = [one for one in parse["intent_ranking"] if one["name"] != SEARCH]
    return {**parse, "intent": found, "intent_ranking": [found, *others], "doubt": None}
