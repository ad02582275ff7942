"""Which product the customer means: "the second one", "the blue one", "the oak board", "it"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from actions.turn import Turn, Unclear
from actions.wording import OUTERMOST
from shop import catalogue
from shop.models import Product

Titled = TypeVar("Titled")  # anything with a `title`
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBER_WORDS = {word: n for n, word in enumerate(_NUMBERS, start=1)}
_COUNT = re.compile(rf"\b(?:\d{{1,2}}|{'|'.join(_NUMBERS[1:])})\b(?!-)", re.IGNORECASE)  # "one" is said of a thing, too
_EDGE = re.compile(
    OUTERMOST + r"|\bwhich\b[^.?!]{0,20}\b(?:(?P<lower>cheaper|less expensive|costs? less)|dearer|more expensive|pricier|costs? more)\b",
    re.IGNORECASE,
)
_CART = re.compile(r"\b(?:to|in|into|out of|from) (?:my |the )?(?:cart|basket|trolley|bag)\b", re.IGNORECASE)
_ONE = re.compile(r"\b(?:the|that|this)\s+(?:[\w-]+\s+){1,3}one\b", re.IGNORECASE)
ATTRIBUTES = ("colour", "size", "material", "brand")


def pointed_at(turn: Turn) -> int | None:
    """The id of the product meant, None when the message does not tell and none is being discussed.

    A pressed card's sku comes first, then a position in the list shown, a product's name, an attribute only one of those shown has,
    and at last the product being discussed or the only one shown, in the colour that "the blue one" says, or not at all. Raises Unclear
    when the list is shorter than the position said.
    """
    if (said := named(turn)) is not None:
        return said
    discussed = turn.slot("focus") or only_one_shown(turn)
    if discussed is None or not _ONE.search(turn.text) or has_attributes(turn, product_of(turn, discussed)):
        return discussed
    variant = in_variant(turn, discussed)
    return None if variant == discussed else variant


def named(turn: Turn) -> int | None:
    """Like `pointed_at`, but only what this message itself says."""
    if sku := turn.entity("sku"):
        with turn.store.read() as session:
            product = catalogue.by_sku(session, str(sku))
        if product is None:
            raise Unclear("utter_no_such_product")
        return product.id
    return by_place_or_title(turn) or by_attribute(turn) or by_price(turn) or by_name(turn)


def by_place_or_title(turn: Turn) -> int | None:
    """Where attributes say what is wished, not which is meant: "does the second come in blue"."""
    ordinal = turn.entity("ordinal")
    return by_position(turn, int(ordinal)) if ordinal is not None and shown_ids(turn) else by_title(turn)


def shown_ids(turn: Turn) -> list[int]:
    return [product["id"] for product in turn.slot("shown") or []]


def articles(turn: Turn, ids: Sequence[int]) -> list[int]:
    """The ids of all variants of these products: whoever does not want the lantern is not shown the white one."""
    with turn.store.read() as session:
        found = catalogue.products(session, list(ids))
        return list(dict.fromkeys([*ids, *(variant.id for product in found for variant in catalogue.variants(session, product))]))


def only_one_shown(turn: Turn) -> int | None:
    ids = shown_ids(turn)
    return ids[0] if len(ids) == 1 else None


def by_position(turn: Turn, ordinal: int) -> int:
    ids = shown_ids(turn)
    index = ordinal - 1 if ordinal > 0 else len(ids) + ordinal
    if len(ids) == 1 and index != 0:
        raise Unclear("utter_only_one_shown", title=product_of(turn, ids[0]).title)
    if not 0 <= index < len(ids):
        raise Unclear("utter_no_such_position", count=len(ids))
    return ids[index]


def positions(turn: Turn) -> list[int]:
    """The ids of all positions that the message names: "the first and the third"."""
    ordinals = [int(entity["value"]) for entity in turn.entities if entity["entity"] == "ordinal"]
    return list(dict.fromkeys(by_position(turn, ordinal) for ordinal in ordinals))


def bare_number(turn: Turn) -> int | None:
    """ "2", "two": after a list, the second of it."""
    word = turn.text.strip(" .!").casefold()
    return int(word) if word.isdecimal() and len(word) <= 2 else NUMBER_WORDS.get(word)


def by_title(turn: Turn) -> int | None:
    """Of several variants with that title, the one that was shown."""
    title = next((e["value"] for e in turn.entities if e["entity"] == "product" and e.get("role") != "not"), None)
    if not title:
        return None
    for product in shown(turn):
        if product.title.casefold() == str(title).casefold():
            return product.id
    return in_variant(turn, turn.recommender.resolve(str(title)))


def in_variant(turn: Turn, product_id: int | None) -> int | None:
    """ "The linen shirt in blue": of the article, the variant in the colour and size that the message names, if there is one."""
    kinds = ("colour", "size")
    wanted = [(e["entity"], str(e["value"]).casefold()) for e in turn.entities if e["entity"] in kinds and e.get("role") != "not"]
    if product_id is None or not wanted:
        return product_id
    with turn.store.read() as session:
        product = catalogue.product(session, product_id)
        variants = catalogue.variants(session, product) if product else []
    fitting = [one for one in variants if all(value in getattr(one, kind).casefold().split(", ") for kind, value in wanted)]
    return max(fitting, key=lambda one: one.stock > 0).id if fitting else product_id


def by_attribute(turn: Turn) -> int | None:
    """The only one of those shown that has every attribute the message names."""
    if not attributes_said(turn):
        return None
    fitting = [product.id for product in shown(turn) if has_attributes(turn, product)]
    return fitting[0] if len(fitting) == 1 else None


def attributes_said(turn: Turn) -> list[tuple[str, str]]:
    return [(e["entity"], str(e["value"]).casefold()) for e in turn.entities if e["entity"] in ATTRIBUTES and e.get("role") != "not"]


def has_attributes(turn: Turn, product: Product) -> bool:
    """Whether the product has every colour, size, material and brand that the message names."""
    return all(value in f"{getattr(product, kind)} {product.title}".casefold() for kind, value in attributes_said(turn))


def by_price(turn: Turn) -> int | None:
    """ "The cheapest one" of those shown."""
    found = _EDGE.search(turn.text)
    products = shown(turn) if found else []
    if not found or not products:
        return None
    edge = min if found["cheapest"] or found["lower"] else max
    return edge(products, key=lambda product: product.price_minor).id


def by_name(turn: Turn) -> int | None:
    """ "The lantern": the only one of those shown whose title has most of the message's words, when those shown are several."""
    products = shown(turn)
    if len(products) < 2:
        return None
    said = _words(_CART.sub(" ", turn.text))
    scored = [(len(said & _words(product.title)), product.id) for product in products]
    best = max(score for score, _ in scored)
    top = [id_ for score, id_ in scored if score == best]
    return top[0] if best and len(top) == 1 else None


def several(turn: Turn) -> list[tuple[int, int]]:
    """(product id, quantity) of each thing named: "two of the first and one of the third", "the bear and the storybook", "the cheapest
    and two of the second"."""
    heads = [e for e in turn.entities if e["entity"] in ("ordinal", "product") and e.get("role") != "not"]
    quantities = [e for e in turn.entities if e["entity"] == "quantity"]
    things: list[tuple[int, int | None, str | None]] = []  # where it is said, which it is, its group
    for head in heads:
        if head["entity"] == "ordinal":
            id_ = by_position(turn, int(head["value"])) if shown_ids(turn) else None
        else:
            id_ = turn.recommender.resolve(str(head["value"]))
        things.append((head.get("start", 0), id_, head.get("group")))
    if heads and (edge := _EDGE.search(turn.text)):
        things.append((edge.start(), by_price(turn), None))
    found: dict[int, int] = {}
    before = 0
    for start, id_, group in sorted(things, key=lambda thing: thing[0]):
        own = [e for e in quantities if (e.get("group") == group if e.get("group") else before <= e.get("start", 0) < start)]
        before = start
        if id_ is not None:
            found.setdefault(id_, int(own[0]["value"]) if own else 1)
    return list(found.items())


def shown(turn: Turn) -> list[Product]:
    ids = shown_ids(turn)
    if not ids:
        return []
    with turn.store.read() as session:
        return catalogue.products(session, ids)


def quantity(turn: Turn) -> int | None:
    """How many; a number on its own in the message counts when the extractor did not take it for anything else."""
    value = turn.entity("quantity")
    if value is None and not turn.entities and len(numbers := _COUNT.findall(turn.text)) == 1:
        value = NUMBER_WORDS.get(numbers[0].casefold(), numbers[0])
    return None if value is None else int(value)


def by_words(turn: Turn, lines: Sequence[Titled]) -> Titled | None:
    """The only line (of a cart, of an order) whose title shares the most words with the message: "take the mug out"."""
    said = _words(turn.text)
    scored = [(len(said & _words(line.title)), line) for line in lines]
    best = max((score for score, _ in scored), default=0)
    top = [line for score, line in scored if score == best]
    return top[0] if best and len(top) == 1 else None


def _words(text: str) -> set[str]:
    """Folded, without short words and plural endings."""
    return {word.strip(".,!?()").casefold().rstrip("s") for word in text.split() if len(word) > 2}


def product_of(turn: Turn, product_id: int) -> Product:
    """Raises Unclear when it is not sold any more."""
    with turn.store.read() as session:
        product = catalogue.product(session, product_id)
    if product is None or not product.active:
        raise Unclear("utter_no_such_product")
    return product
