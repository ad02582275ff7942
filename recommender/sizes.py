"""Larger and smaller: sizes that can be put in an order."""

from __future__ import annotations

import re
from collections.abc import Iterable

from recommender.words import words

# Names of sizes, smallest first, as `words` folds them (it makes "small" an s).
SCALES = (
    ("xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl"),
    ("single", "double", "king"),
    ("hand", "bath"),
)
_NUMBER = re.compile(r"^(\d+(?:[.,]\d+)?)\s*([a-z]*)")


def place(size: str) -> tuple[str, float] | None:
    """The scale a size is on, and where: "M" is ("xxs", 3), "30 cm" is ("cm", 30). None for a size in no order."""
    folded = words(size)
    for scale in SCALES:
        if len(folded) == 1 and folded[0] in scale:
            return scale[0], float(scale.index(folded[0]))
    number = _NUMBER.match(size.strip().casefold())
    return (number.group(2), float(number.group(1).replace(",", "."))) if number else None


def sizes_beyond(size: str, others: Iterable[str], larger: bool) -> tuple[str, ...]:
    """Those of `others` that are larger (smaller) than `size` on its scale, nearest first."""
    here = place(size)
    if here is None:
        return ()
    there = [(found[1], other) for other in others if (found := place(other)) and found[0] == here[0]]
    beyond = [(abs(at - here[1]), other) for at, other in there if (at > here[1] if larger else at < here[1])]
    return tuple(other for _, other in sorted(beyond))
