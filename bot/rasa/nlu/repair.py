"""Spelling repair: a word that nobody knows becomes the one it was most likely meant to be, before anything else reads it.

Known are the words of the training texts and the encoder's whole-word pieces, which are listed by frequency in English. A repair is
one edit away (a letter left out, put in, replaced or two swapped); the shop's own words win, then the more frequent (Norvig 2007, "How
to write a spelling corrector").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LONGEST = 24  # letters; whatever is longer is no word, and its edits would be many


class Repair:
    """`learned` maps the words of the training texts to how often they occur; `english` maps common words to their rank (0 first)."""

    def __init__(self, learned: Mapping[str, int], english: Mapping[str, int]) -> None:
        self.learned, self._english = dict(learned), english
        self._of = lru_cache(maxsize=20_000)(self._repaired)

    @classmethod
    def learn(cls, texts: Iterable[str], english: Mapping[str, int]) -> Repair:
        return cls(Counter(word for text in texts for word in _WORD.findall(text.lower())), english)

    def __call__(self, text: str) -> str:
        """The text in lower case, its unknown words of four letters or more repaired where one edit does it."""
        return _WORD.sub(lambda match: self._of(match.group()), text.lower())

    def _repaired(self, word: str) -> str:
        if not 4 <= len(word) <= _LONGEST or word in self.learned or word in self._english or not word.isascii() or "'" in word:
            return word
        candidates = edits(word)
        if ours := [candidate for candidate in candidates if candidate in self.learned]:
            return max(ours, key=lambda candidate: (self.learned[candidate], candidate))
        if common := [candidate for candidate in candidates if candidate in self._english and len(candidate) > 2]:
            return min(common, key=self._english.__getitem__)
        return word


def edits(word: str) -> set[str]:
    """Every string one edit away from `word`."""
    splits = [(word[:k], word[k:]) for k in range(len(word) + 1)]
    left_out = {a + b[1:] for a, b in splits if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
    replaced = {a + c + b[1:] for a, b in splits if b for c in _LETTERS}
    put_in = {a + c + b for a, b in splits for c in _LETTERS}
    return (left_out | swapped | replaced | put_in) - {word}
