"""Critiques in a message: "less formal", "something warmer", "a bit bigger". Prices have words of their own ("cheaper")."""

from __future__ import annotations

import re

from recommender.contract import Critique

_LEAD = r"\b(?:something|anything|one|ones|a bit|a little|slightly|much|but|rather|make it|and)\s+"
# What follows "more" and "less" without being an attribute, and what only ends like a comparative or is about money or size.
_NO_ATTRIBUTE = (
    "affordable about cheap costly dear details expensive info information like many money much of often please pricey than time to"
)
_NO_COMPARATIVE = (
    "after another bigger cheaper dearer either larger leather never other over pricier rather silver smaller under water whether"
)
_NO_SUPERLATIVE = (
    "best biggest cheapest chest dearest earliest est fastest finest forest guest highest interest largest latest least longest lowest "
    "most nearest newest nest oldest poshest priciest quest request rest smallest soonest test west youngest"
)


def _but(words: str) -> str:
    return rf"(?!(?:{'|'.join(words.split())})\b)"


_ABOUT = rf"{_but(_NO_ATTRIBUTE)}(?P<about>[a-z][a-z-]{{3,}})"
LESS = re.compile(rf"\b(?:less|not (?:so|as|that|too|quite so)|too)\s+{_ABOUT}", re.IGNORECASE)
MORE = re.compile(rf"{_LEAD}more\s+{_ABOUT}", re.IGNORECASE)
COMPARATIVE = re.compile(rf"{_LEAD}{_but(_NO_COMPARATIVE)}(?P<about>[a-z]{{3,}}er)\b", re.IGNORECASE)
_THE = r"\b(?:the|which(?: one)?(?: is| are| of \w+ is| of \w+ are)?(?: the)?)\s+"
SUPERLATIVE = re.compile(rf"{_THE}{_but(_NO_SUPERLATIVE)}(?P<about>[a-z]{{3,}}est)\b(?! one of| price)", re.IGNORECASE)
LARGER = re.compile(r"\b(bigger|larger|(a|one) size up|too (small|tight|short))\b", re.IGNORECASE)
SMALLER = re.compile(r"\b(smaller|(a|one) size down|too (big|large|loose|long))\b", re.IGNORECASE)
SIZES = frozenset({"small", "tight", "short", "big", "large", "loose", "long"})


def phrases(text: str) -> list[str]:
    """What a message criticises, in a form that a slot can hold: ["less formal", "more warmer", "larger"]."""
    less = [f"less {about}" for found in LESS.finditer(text) if (about := found["about"].lower()) not in SIZES]
    more = [f"more {found['about'].lower()}" for pattern in (MORE, COMPARATIVE, SUPERLATIVE) for found in pattern.finditer(text)]
    size = [name for name, pattern in (("larger", LARGER), ("smaller", SMALLER)) if pattern.search(text)]
    return list(dict.fromkeys([*less, *more, *size[:1]]))


def without(text: str) -> str:
    """The text without its critiques."""
    for pattern in (LESS, MORE, COMPARATIVE, SUPERLATIVE, LARGER, SMALLER):
        text = pattern.sub(" ", text)
    return text


def as_directions(some: list[str]) -> tuple[Critique, ...]:
    """The phrases as directions of meaning."""
    return tuple(Critique(about, how == "more") for phrase in some for how, _, about in [phrase.partition(" ")] if about)
