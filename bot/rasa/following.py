"""What a short question means that goes on with the one before it: after how to send things back, "and who pays the postage?" is about
sending back too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_GOES_ON = re.compile(r"^(?:ok(?:ay)?,?\s+)?(?:and|but|so|what about|how about|also)\b", re.IGNORECASE)
_RETURNS = {"ask_return_policy", "ask_return_cost", "ask_refund_policy", "ask_refund_time", "start_return", "ask_exchange"}
# What the question is about by itself -> the intents it may follow, what it then means, and the words that say otherwise.
_READ_AS = {"ask_delivery_cost": (_RETURNS, "ask_return_cost", re.compile(r"\bdeliver|\bshipp(?:ed|ing) to\b|\border", re.IGNORECASE))}


def in_context(parse: Mapping[str, Any], before: str | None) -> dict[str, Any]:
    """The parse data, read as going on with a message of the intent `before` where it does."""
    intents, meant, otherwise = _READ_AS.get(parse["intent"]["name"], ((), "", None))
    if before not in intents or not _GOES_ON.match(parse["text"].strip()) or otherwise.search(parse["text"]):
        return dict(parse)
    reading = {"name": meant, "confidence": parse["intent"]["confidence"]}
    others = [one for one in parse["intent_ranking"] if one["name"] != meant]
    return {**parse, "intent": reading, "intent_ranking": [reading, *others]}
