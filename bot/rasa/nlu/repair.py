"""Spelling repair: a word that nobody knows becomes the one it was most likely meant to be, before anything else reads it.

Known are the words of the training texts and the encoder's whole-word pieces, which are listed by frequency in English. A repair is
one edit away (a letter left out, put in, replaced or two swapped). The shop's own words come first: the one that is frequent, likely to
be mistyped so, and at home between its neighbours wins (a noisy channel with a bigram model: Kernighan et al. 1990, "A Spelling
Correction Program Based on a Noisy Channel Model"); then the most frequent in English (Norvig 2007, "How to write a spelling corrector").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from math import log, log1p

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_INFLECTED = re.compile(r"(\w{2,}?(\w))\2?(?:s|es|ed|ing|er|ers)")  # "chipped" is known by "chip"
_EDGE = ""  # stands before the first word and after the last
_SHORTEST, _LONGEST = 2, 24  # letters; whatever is longer is no word, and its edits would be many
_SHORT = 4  # letters; shorter words have so many neighbours that the text around must speak for one
_RARE = 15_000  # the rank from which a short English word that no training text has may be a slip,
_FREQUENT = 10  # if it is one for a word that occurs so often in them
_APOSTROPHE, _SWAPPED, _OTHER_FIRST = 5.0, 1.0, -1.5  # log odds: an apostrophe is left out on purpose, the first letter is seldom wrong
_CONTEXT = 2.0  # what the neighbours weigh; found on mistyped training texts, as the other numbers


class Repair:
    """`learned` maps the words of the training texts to how often they occur, `pairs` ("my order") neighbours among them; `english` maps
    common words to their rank (0 first)."""

    def __init__(self, learned: Mapping[str, int], pairs: Mapping[str, int], english: Mapping[str, int]) -> None:
        self.learned, self.pairs, self._english = dict(learned), dict(pairs), english
        self._of = lru_cache(maxsize=20_000)(self._candidates)

    @classmethod
    def learn(cls, texts: Iterable[str], english: Mapping[str, int]) -> Repair:
        rows = [_WORD.findall(text.lower()) for text in texts]
        pairs = Counter(f"{a} {b}" for row in rows for a, b in pairwise([_EDGE, *row, _EDGE]))
        return cls(Counter(word for row in rows for word in row), pairs, english)

    def __call__(self, text: str) -> str:
        """The text in lower case, its unknown words repaired where one edit does it."""
        text = text.lower()
        words = [_EDGE, *_WORD.findall(text), _EDGE]
        for k in range(1, len(words) - 1):
            words[k] = self._repaired(*words[k - 1 : k + 2])
        repaired = iter(words[1:])
        return _WORD.sub(lambda _: next(repaired), text)

    def _repaired(self, left: str, word: str, right: str) -> str:
        """`left` is repaired already."""
        candidates = {own: self._beside(left, own, right) for own in self._of(word)}
        if len(word) < _SHORT:
            candidates = {own: beside for own, beside in candidates.items() if beside or "'" in own}
        if candidates:
            return max(candidates, key=lambda own: (self._of(word)[own] + _CONTEXT * candidates[own], own))
        return self._common(word) if self._unknown(word) and len(word) >= _SHORT else word

    def _unknown(self, word: str) -> bool:
        if not _SHORTEST <= len(word) <= _LONGEST or word in self.learned or "'" in word or not word.isascii():
            return False
        if len(word) < _SHORT:
            return self._english.get(word, _RARE) >= _RARE
        stem = _INFLECTED.fullmatch(word)
        return word not in self._english and not (stem and (stem.group(1) in self._english or stem.group(1) in self.learned))

    def _candidates(self, word: str) -> dict[str, float]:
        """The training texts' words that an unknown one may stand for, with the log odds of that, apart from its neighbours."""
        if not self._unknown(word):
            return {}
        least = 1 if len(word) >= _SHORT else _FREQUENT if word in self._english else 2
        return {own: log(self.learned[own]) + _slip(own, word) for own in edits(word) if self.learned.get(own, 0) >= least and len(own) > 1}

    def _beside(self, left: str, word: str, right: str) -> float:
        return log1p(self.pairs.get(f"{left} {word}", 0)) + log1p(self.pairs.get(f"{word} {right}", 0))

    def _common(self, word: str) -> str:
        common = [candidate for candidate in edits(word) if candidate in self._english and len(candidate) > 2]
        return min(common, key=self._english.__getitem__, default=word)


def _slip(meant: str, typed: str) -> float:
    if "'" in meant:
        return _APOSTROPHE
    if sorted(meant) == sorted(typed):
        return _SWAPPED
    return _OTHER_FIRST if meant[0] != typed[0] else 0.0


def edits(word: str) -> set[str]:
    """Every string one edit away from `word`."""
    splits = [(word[:k], word[k:]) for k in range(len(word) + 1)]
    left_out = {a + b[1:] for a, b in splits if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
    replaced = {a + c + b[1:] for a, b in splits if b for c in _LETTERS}
    put_in = {a + c + b for a, b in splits for c in _LETTERS + "'"}
    return (left_out | swapped | replaced | put_in) - {word}
