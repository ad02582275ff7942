"""What things a message names, and whether they are those it is taken to be about."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz.distance import OSA

from actions import asking, critiques
from actions.turn import Turn
from recommender.fillers import WRITTEN
from shop import catalogue
from shop.models import Product

# Words that name no product.
_WORDS = "actually all but just made make max maximum most nothing only out prefer rather them they up"
FILLERS = WRITTEN | {"", *_WORDS.split()}

# Nouns of titles that are also said of other things: "set it to 3", "throw it out of my bag".
_ALSO_SAID = frozenset(("set", "bag", "basket", "card", "top", "throw", "match", "roll", "cover", "light"))

# "Remove the kettle" names a thing even where the catalogue has no kettle.
_TAKEN_OUT = re.compile(
    r"\b(?:remove|delete|drop|take(?: out)?)\s+(?:the|my)\s+([^\W\d_]{3,})"
    r"(?=\s*(?:$|[.!,]|out\b|off\b|away\b|from\b|again\b|please\b|pls\b))",
    re.IGNORECASE,
)
_ANY_THING = frozenset(
    ("item", "items", "thing", "things", "product", "one", "ones", "last", "first", "other", "rest", "lot", "order", "stuff")
)


def other_words(turn: Turn) -> set[str]:
    """What is left of the message without its entities and without words that name nothing."""
    said = critiques.without(turn.text_without(turn.entities))
    return {word.strip(".,!?").casefold() for word in said.split()} - FILLERS


def told_of(turn: Turn, product: Product) -> bool:
    """Whether the catalogue says anything of what the message asks about the product: one of the message's words stands there, in some
    form of it ("batteries", "battery")."""
    known_of = f"{product.title} {product.description} {product.material} {product.size} {product.colour} {product.brand} {product.tags}"
    said = set(re.findall(r"[^\W\d_]{4,}", known_of.casefold()))
    asked = [word for word in other_words(turn) | {str(e["value"]).casefold() for e in turn.entities} if len(word) > 3]
    return not asked or any(near(word, known) for word in asked for known in said)


def near(word: str, known: str) -> bool:
    """ "washable" and "wash", "bulbs" and "bulb": the shorter begins the longer, or all but its last letters."""
    shorter, longer = sorted((catalogue.singular(word), catalogue.singular(known)), key=len)
    return len(shorter) >= 4 and longer.startswith(shorter[: max(4, len(shorter) - 1)])


def another(turn: Turn, products: Sequence[Product]) -> str:
    """The thing of the catalogue that the message names, by its kind or by the noun of its title, and that none of these is; empty when
    there is none."""
    kinds = asking.wishes_of(turn).get("categories", [])
    if kinds:
        return "" if any(of_a_kind(product, kinds) for product in products) else kinds[0]
    here = {catalogue.singular(word) for product in products for word in product.title.casefold().replace(",", " ").split()}
    if (said := _TAKEN_OUT.search(turn.text)) and said[1].casefold() not in _ANY_THING:
        return said[1] if all(OSA.distance(catalogue.singular(said[1].casefold()), word, score_cutoff=1) > 1 for word in here) else ""
    words = [word for word in other_words(turn) - _ALSO_SAID if len(word) > 2 and catalogue.singular(word) not in here]
    if not words:
        return ""
    with turn.store.read() as session:
        return next((word for word in words if catalogue.is_a_thing(session, word)), "")


def of_a_kind(product: Product, kinds: Sequence[str]) -> bool:
    return any(kind.casefold() in product.category_path.casefold() for kind in kinds)
