"""What a short question means that goes on with what was talked about: after how to send things back, "and who pays the postage?" is about
sending back too; after a refund, "how long does that take" is about the money."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# What is said in between and changes no topic.
_NO_TOPIC = {
    *("nlu_fallback", "out_of_scope", "inform", "affirm", "deny", "thanks", "greet", "wait", "help", "compliment", "abuse"),
    *("give_order_number", "no_order_number", "ask_why", "repeat", "rephrase"),
}
_BACK = {"ask_return_policy", "ask_return_cost", "ask_refund_policy", "ask_refund_time", "start_return", "ask_exchange"}
_MONEY = {"request_refund", "refund_status", "ask_refund_policy", "ask_refund_time", "start_return", "duplicate_charge", "price_dispute"}
_DELIVERY = {"ask_delivery_countries", "ask_delivery_options", "ask_delivery_time", "ask_express_delivery", "ask_missed_delivery"}


@dataclass(frozen=True)
class _Reading:
    """A question `heard` as one of these intents `after` one of those has the meaning of `meant`, where its words are `like` this and have
    nothing of `unless`, which says that it stands for itself."""

    heard: set[str]
    after: set[str]
    meant: str
    like: str
    unless: str = r"(?!)"


_HOW_MUCH = (
    r"^(?:(?:and|so|ok|okay),? )?(?:how much|what(?:'s| is)? (?:the )?(?:cost|price|charge))"
    r"(?: (?:is|does|would|will|do|for|it|that|this|you|cost|be|charge))*\W*$"
)
_HOW_LONG = (
    r"\b(?:how (?:long|soon|quick(?:ly)?|fast|many days)\b(?! (?:do|have) (?:i|we)\b)|when (?:will|do|would|can|should) (?:i|we|it|that)\b)"
)
_WHERE_TO = r"^(?:(?:and|or|ok(?:ay)?|so|what about|how about),?\s+)+(?:to|for)\s+(?!me\b|it\b|them\b)[a-z][a-z ]{2,30}\W*$"
_PLACE = {"inform", "ask_stores", "ask_delivery_countries"}
_READINGS = (
    *(_Reading(_PLACE, {asked}, asked, _WHERE_TO) for asked in ("ask_delivery_cost", "ask_delivery_time", "ask_express_delivery")),
    _Reading(
        {"ask_delivery_cost"},
        _BACK,
        "ask_return_cost",
        r"^(?:ok(?:ay)?,?\s+)?(?:and|but|so|what about|how about|also)\b",
        r"\bdeliver|\bshipp(?:ed|ing) to\b|\border",
    ),
    _Reading(
        {"ask_delivery_time", "ask_restock", "notify_me", "check_stock", "track_order"},
        _MONEY,
        "ask_refund_time",
        _HOW_LONG,
        r"\bdeliver|\bship|\border|\bparcel|\bpackage|\bexpress|\bstock|\bavailable|\barriv|\bcome in\b|\breplace",
    ),
    _Reading({"check_price", "view_cart", "ask_points"}, _DELIVERY, "ask_delivery_cost", _HOW_MUCH),
    _Reading({"check_price", "view_cart", "ask_points"}, {"ask_gift_wrap"}, "ask_gift_wrap", _HOW_MUCH),
)


def topic(intents: Iterable[str]) -> str | None:
    """The last of a conversation's intents, newest first, that is one to go on with."""
    return next((intent for intent in intents if intent not in _NO_TOPIC), None)


def in_context(parse: Mapping[str, Any], before: str | None) -> dict[str, Any]:
    """The parse data, read as going on with the topic `before` where it does."""
    heard, text = parse["intent"]["name"], parse["text"].strip()
    for one in _READINGS:
        fits = heard in one.heard and before in one.after and re.search(one.like, text, re.IGNORECASE)
        if fits and not re.search(one.unless, text, re.IGNORECASE):
            reading = {"name": one.meant, "confidence": parse["intent"]["confidence"]}
            others = [other for other in parse["intent_ranking"] if other["name"] != one.meant]
            return {**parse, "intent": reading, "intent_ranking": [reading, *others]}
    return dict(parse)
