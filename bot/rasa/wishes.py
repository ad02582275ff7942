"""Two wishes in one message: "add the second one and where is my order" is answered as two messages are, one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Parse = dict[str, Any]

SURE = 0.6  # the confidence that each part needs of its own
AT_MOST = 3  # wishes in a message
SPLITS = 3  # places that are tried; each costs two readings
_LINK = re.compile(
    r"\s*[.;!?]+\s+(?:(?:and|also|then|but)\s+)?|\s*,?\s+(?:and|also|then|plus|but)\s+(?:also\s+|then\s+)?|\s+&\s+|,\s+", re.IGNORECASE
)
# A wish of its own asks or orders something; "and the third", "and in blue" belong to what went before.
_ASKS = re.compile(
    r"^(?:(?:please|can|could|would|will|may|also|then|now|by the way|btw)\s+)*(?:"
    r"add|apply|buy|cancel|change|check|checkout|compare|delete|empty|find|forget|get|give|have|let|make|notify|order|pay|put|recommend"
    r"|remember|remove|return|send|set|show|speak|stop|suggest|take|talk|tell|track|unsubscribe|use|view"
    r"|do|does|did|is|are|was|how|what|what's|whats|when|where|where's|wheres|which|who|why|i|i'd|i'm|i've|you|my|it|that)\b",
    re.IGNORECASE,
)
# "Go on, put it in" is one wish, too.
_STARTERS = {*("ah", "actually", "er", "erm", "go", "on", "hm", "hmm", "oh", "ok", "okay", "right", "so", "um", "wait", "well", "wow")}
# Words for one and the same wish: what to look for, and what went wrong.
_FINDING = {
    *("search_product", "refine", "recommend", "gift_help", "ask_cheaper", "ask_dearer", "similar", "ask_other_variant", "ask_range"),
    *("state_preference", "like_product"),
}
_SWAPPING = {"remove_from_cart", "swap_in_cart"}  # "take that out and put the first one in instead"
_TROUBLE = {"complain", "report_damaged", "start_return", "ask_exchange", "refund_status", "payment_problem"}
# What people say around a wish, and what only goes on with something.
_NO_WISH = {
    *("greet", "goodbye", "thanks", "affirm", "deny", "stop", "help", "inform", "choose_product", "refine", "out_of_scope", "nlu_fallback"),
    *("give_order_number", "no_order_number", "repeat", "start_over", "ask_bot", "chitchat", "abuse", "wait", "rephrase", "correct"),
}


def split(text: str, whole: Parse, parse: Callable[[str], Parse]) -> list[Parse]:
    """The readings of a message's wishes, in order, each with the `offset` in the message at which its text begins; one of the whole
    message when that is one wish."""
    return _split(text, 0, whole, parse, AT_MOST)


def leaving(text: str, whole: Parse, parse: Callable[[str], Parse]) -> list[Parse]:
    """ "Forget it. which mugs are dishwasher safe": stopping, and the wish after it; the whole message when it is none of that. For
    messages in the middle of a form, whose answers must not be cut in two."""
    for link in _places(text):
        left, right = parse(text[: link.start()]), parse(text[link.end() :])
        if left["intent"]["name"] == "stop" and left["intent"]["confidence"] >= SURE and right["intent"]["name"] not in _NO_WISH:
            return [{**left, "offset": 0}, {**right, "offset": link.end()}]
    return [{**whole, "offset": 0}]


def _split(text: str, offset: int, whole: Parse, parse: Callable[[str], Parse], most: int) -> list[Parse]:
    best: tuple[float, Parse, Parse, int] | None = None
    for link in _places(text) if most > 1 else ():
        left, right = parse(text[: link.start()]), parse(text[link.end() :])
        sure = min(left["intent"]["confidence"], right["intent"]["confidence"])
        if sure >= SURE and _two(left["intent"]["name"], right["intent"]["name"]) and (best is None or sure > best[0]):
            best = sure, left, right, link.end()
    if best is None:
        return [{**whole, "offset": offset}]
    _, left, right, start = best
    return [{**left, "offset": offset}, *_split(text[start:], offset + start, right, parse, most - 1)]


def _places(text: str) -> list[re.Match[str]]:
    if len(text.split()) < 4:
        return []
    links = [link for link in _LINK.finditer(text) if _says(text[: link.start()]) and _ASKS.match(text[link.end() :].replace("’", "'"))]
    return links[:SPLITS]


def _says(text: str) -> bool:
    """Whether there is more than a sound or a starter in it ("oh and where is my order" is one wish)."""
    return any(word not in _STARTERS for word in re.findall(r"\w+", text.casefold()))


def _two(one: str, other: str) -> bool:
    """Whether the intents are two wishes, to be met in that order."""
    if one == other or {one, other} & _NO_WISH:
        return False
    if other == "state_aversion" and one in _FINDING:  # "show me throws but I hate wool": what is shown must know of it
        return False
    return not any({one, other} <= family for family in (_FINDING, _TROUBLE, _SWAPPING))
