"""What one interaction or one turn says about a customer: a list of signals `{"kind", "key", "weight"}`.

| kind | key | weight |
|---|---|---|
| category, brand, colour, material, size | the value, in the catalogue's spelling (of a category path, the last part) | -1 to 1, decays |
| price | log2 band of minor units, as text: "10" is 1024 to 2047 | -1 to 1, decays |
| aversion, preference | "attribute:value" | 1 stated, 0 taken back; the newest counts |
| correction | "attribute:value" | 1; what was known of it until now no longer counts |
| sentiment | "" | -1 to 1, decays |
| issue | what about; "*" is all of them | 1 opened, -1 closed; the newest counts |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shop.catalogue import leaf
from shop.models import Product
from shop.sentiment import sentiment as sentiment_of
from shop.statements import Stance, stance

Signal = dict[str, Any]

ATTRIBUTES = ("category", "brand", "colour", "material", "size")
INTERACTION_WEIGHT = {"view": 0.3, "click": 0.4, "cart": 0.7, "purchase": 1.0, "like": 1.0, "dislike": -1.0}
REQUEST_WEIGHT = 0.6
REJECTED_WEIGHT = -0.4
STATED_WEIGHT = 1.0

# Parts of intents' names. A complaint about a blue mug is no interest in blue.
_SERVICE = (
    *("order", "return", "refund", "cancel", "track", "complain", "damaged", "deliver", "payment", "faq", "person", "forget", "opt_"),
    *("report", "warranty", "review", "account", "dispute", "charge", "invoice", "site", "case", "abuse", "restock", "trouble"),
)
_SHOPPING = ("search", "recommend", "similar", "refine", "cheaper", "dearer", "variant", "detail", "choose", "complement")
_ISSUES_BY_INTENT = {"damaged": "damaged", "wrong_item": "wrong item", "not_received": "not received", "missing": "not received"}
_ISSUES_BY_WORDS = {
    "damaged": re.compile(r"\b(damaged|broken|smashed|cracked|faulty|defective|torn|ripped|doesn'?t work|not working|fell apart)\b"),
    "wrong item": re.compile(r"\bwrong (item|product|size|colour|color|one|thing|order)\b|\bnot what i ordered\b"),
    "not received": re.compile(r"\b(never|not|hasn'?t|haven'?t|didn'?t|still) (yet )?(arrived?|received?|come|turned up|waiting)\b"),
}
# Intents whose text says what the customer is after. "Cheaper" or "the second one" says nothing without what went before.
ASKING = frozenset({"search_product", "product_detail", "recommend", "refine", "state_preference"})
_SETTLED = re.compile(
    r"\b(all sorted|sorted now|is sorted|(is|been|got) (resolved|fixed|solved))\b"
    r"|\b(it|they|parcel|order) (has |have )?(finally |now )?arrived\b"
)


# What stands right before a thing that is asked for.
_ASKED_FOR = re.compile(
    r"\bsomething( else)? (in|made of)\s*$"
    r"|(?<!n't )(?<!not )(?<!never )\b(need|want|looking for|after|show me|find me|do you have|have you got|got any)\s+(\w+\s+){0,3}$",
    re.IGNORECASE,
)


def signals_of_interaction(kind: str, product: Product | None, value: float | None = None) -> list[Signal]:
    """A rating counts by its distance from three stars of five. What is about no product says nothing here."""
    weight = _rating_weight(value) if kind == "rating" else INTERACTION_WEIGHT.get(kind, 0.0)
    if product is None or weight == 0:
        return []
    values = (leaf(product.category_path), product.brand, product.colour, product.material, product.size)
    found = [_signal(attribute, key, weight) for attribute, key in zip(ATTRIBUTES, values, strict=True) if key]
    if product.price_minor > 0:
        found.append(_signal("price", price_band(product.price_minor), weight))
    return found


def signals_of_turn(text: str, intent: str, entities: Iterable[Mapping[str, Any]], sentiment: float | None = None) -> list[Signal]:
    """`entities` as the bot reports them: entity, value, start, end, perhaps role ("not", or of a price min, max, about).

    `sentiment` is taken from the text unless given.
    """
    found: list[Signal] = []
    serving = any(part in intent for part in _SERVICE)
    for entity in entities:
        name = entity.get("entity")
        if name in ATTRIBUTES and str(entity.get("value") or ""):
            found += _of_attribute(text, intent, entity, serving)
        elif name == "price" and not serving:
            found += _of_price(entity)
    found = _last_of_each(found) + _issues(text, intent)
    mood = sentiment_of(text) if sentiment is None else sentiment
    return [*found, _signal("sentiment", "", mood)] if mood else found


def stance_of(text: str, intent: str, entity: Mapping[str, Any]) -> Stance:
    """How the customer stands to one named attribute. The words decide; where they leave it open, the bot's reading of the message does.

    The bot's confirmation ("noted: no wool") and the profile ask this same function, so that what was said is what is kept.
    """
    start, end = entity.get("start"), entity.get("end")
    by_words = stance(text, start, end) if isinstance(start, int) and isinstance(end, int) else Stance.REQUEST
    if by_words not in (Stance.REQUEST, Stance.REJECTED):
        return by_words
    if asked_for(text, entity):
        return Stance.REQUEST
    negated = by_words is Stance.REJECTED or entity.get("role") == "not"
    if "aversion" in intent or (negated and "preference" in intent):
        return Stance.AVERSE
    if negated or "dislike" in intent:
        return Stance.REJECTED
    return Stance.LIKED if "preference" in intent else Stance.REQUEST


def asked_for(text: str, entity: Mapping[str, Any]) -> bool:
    """ "I hate wool, something in cotton", "I need a throw, no wool": cotton and throws are asked for, whatever else is said."""
    start = entity.get("start")
    return isinstance(start, int) and entity.get("role") != "not" and bool(_ASKED_FOR.search(text[:start]))


def price_band(minor: int) -> str:
    """log2 band: prices within a factor of two."""
    return str(max(minor, 1).bit_length() - 1)


def _last_of_each(signals: list[Signal]) -> list[Signal]:
    """Without the statements that the same message takes back: "I hated wool, now I love it"."""
    last = {s["key"]: k for k, s in enumerate(signals) if s["kind"] in ("aversion", "preference")}
    return [s for k, s in enumerate(signals) if last.get(s["key"], k) == k or s["kind"] not in ("aversion", "preference")]


def _of_attribute(text: str, intent: str, entity: Mapping[str, Any], serving: bool) -> list[Signal]:
    attribute, value = str(entity["entity"]), str(entity["value"])
    stated = f"{attribute}:{value}"
    if intent == "correct_profile":  # "forget that I like blue" takes back, whatever its words are
        return [_signal("correction", stated, 1.0)]
    match stance_of(text, intent, entity):
        case Stance.AVERSE:
            return [_signal("aversion", stated, 1.0)]
        case Stance.LIKED:
            return [_signal("preference", stated, 1.0), _signal(attribute, value, STATED_WEIGHT)]
        case Stance.NEUTRAL:
            return [_signal("aversion", stated, 0.0)]
        case Stance.REJECTED:
            return [] if serving else [_signal(attribute, value, REJECTED_WEIGHT)]
    return [] if serving else [_signal(attribute, value, REQUEST_WEIGHT)]


def _of_price(entity: Mapping[str, Any]) -> list[Signal]:
    value = entity.get("value")
    if not isinstance(value, int) or value <= 0 or entity.get("role") == "min":
        return []
    # Somebody who asks for "under 20" looks at things a little below 20: the band that ends there.
    asked = value * 3 // 4 if entity.get("role") == "max" else value
    return [_signal("price", price_band(asked), REQUEST_WEIGHT)]


def _issues(text: str, intent: str) -> list[Signal]:
    plain = text.lower().replace("’", "'")
    if "site" in intent or any(part in intent for part in _SHOPPING):  # a broken page is no broken mug
        return []
    if "resolved" in intent or _SETTLED.search(plain):
        return [_signal("issue", "*", -1.0)]
    opened = {issue for part, issue in _ISSUES_BY_INTENT.items() if part in intent}
    opened |= {issue for issue, words in _ISSUES_BY_WORDS.items() if words.search(plain)}
    if "complain" in intent and not opened:
        opened = {"complaint"}
    return [_signal("issue", issue, 1.0) for issue in sorted(opened)]


def _rating_weight(stars: float | None) -> float:
    return 0.0 if stars is None else max(-1.0, min(1.0, (stars - 3) / 2))


def _signal(kind: str, key: str, weight: float) -> Signal:
    return {"kind": kind, "key": key, "weight": weight}
