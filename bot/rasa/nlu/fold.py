"""Words made comparable: case, plural, spelling, hyphens and the commonest typing errors do not matter."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from spacy.tokens import Doc

_SPELLINGS = {"grey": "gray", "colour": "color", "jewellery": "jewelry", "aluminium": "aluminum", "mould": "mold", "&": "and"}
_JOINERS = {"-", "–", "'", "’", '"', "“", "”"}


@lru_cache(maxsize=50_000)
def fold(word: str) -> str:
    """ "Candles" -> "candle", "Grey" -> "gray", "boxes" -> "box", "dresses" -> "dress"; "glass" stays."""
    word = word.casefold().strip("'’")
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        if word.endswith("ies") and len(word) > 4:
            word = word[:-3] + "y"
        elif word.endswith(("ches", "shes", "sses", "xes", "zes")):
            word = word[:-2]
        else:
            word = word[:-1]
    return _SPELLINGS.get(word, word)


def folded(doc: Doc, known: Collection[str] = ()) -> tuple[list[str], list[int]]:
    """The folded words of `doc` and, for each, the index of its token. Joining marks are left out, so "t-light" and "t light" are one.

    A word of five letters or more that is not `known` becomes a known one if swapping two neighbours or halving a doubled letter does it
    ("balck", "greeen"). Replaced or missing letters are not mended: "while" must not turn white.
    """
    words, positions = [], []
    for token in doc:
        if token.is_space or token.text in _JOINERS or token.text[0] in "'’":  # the last: what is left of a contraction
            continue
        word = fold(token.text)
        if known and len(word) >= 5 and word not in known:
            word = _mended(word, known)
        words.append(word)
        positions.append(token.i)
    return words, positions


def _mended(word: str, known: Collection[str]) -> str:
    swapped = (word[:k] + word[k + 1] + word[k] + word[k + 2 :] for k in range(len(word) - 1))
    halved = (word[: match.start()] + word[match.start() + 1 :] for match in re.finditer(r"(.)(?=\1)", word))
    return next((found for candidate in (*swapped, *halved) if (found := fold(candidate)) in known), word)
