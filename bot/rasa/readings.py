"""Asking between readings: the bot offers what a message may have meant, and the answer goes on with that message.

The action that asks (actions/unsure.py) keeps the question in the slot `unclear`: {"text", "entities", "choices": [intent], "stage"}. What
an intent is called in front of customers is its response `utter_meaning_<intent>`; `utter_meaning_other` declines them all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SLOT = "unclear"
OTHER = "other"
_FIRST = re.compile(r"^(?:the\s+)?(?:1|first|1st|former)(?:\s+one)?$")
_SECOND = re.compile(r"^(?:the\s+)?(?:2|second|2nd|latter)(?:\s+one)?$")
_NEITHER = re.compile(r"^(?:no[,\s]*)?(?:neither|none|something else|none of (?:these|those|them))(?:\s+of\s+\w+)?$")


def wording(responses: Mapping[str, Any], name: str) -> str | None:
    """What the response `name` says; None when there is none."""
    said = responses.get(name)
    return said[0].get("text") if said else None


def chosen(text: str, asked: Mapping[str, Any] | None, responses: Mapping[str, Any]) -> str | None:
    """The intent that the customer chose of those the bot asked about, OTHER for none of them, None when the message is no choice."""
    choices = list((asked or {}).get("choices") or ())
    said = _plain(text)
    for name in (*choices, OTHER):
        if choices and said == _plain(wording(responses, f"utter_meaning_{name}") or ""):
            return name
    if choices and _NEITHER.match(said):
        return OTHER
    for pattern, place in ((_FIRST, 0), (_SECOND, 1)):
        if len(choices) > place and pattern.match(said):
            return choices[place]
    return None


def reading(asked: Mapping[str, Any], intent: str, fallback: str) -> dict[str, Any]:
    """Parse data of the message that was unclear, read as the customer says it was meant."""
    name = fallback if intent == OTHER else intent
    found = {"name": name, "confidence": 1.0}
    return {
        "text": asked["text"],
        "intent": found,
        "intent_ranking": [found],
        "entities": list(asked.get("entities") or ()),
        "offset": None,
    }


def _plain(text: str) -> str:
    return re.sub(r"[^\w\s]+", "", text).strip().casefold()
