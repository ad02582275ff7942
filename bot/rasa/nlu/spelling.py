"""Typing errors in the shop's own words."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.rasa.nlu.fold import fold

SHORTEST = 5  # letters; shorter words have too many neighbours
TWO_ERRORS = 8  # letters from which two errors are forgiven


class Spelling:
    """Called with a folded word: the word of the shop that was meant, or the word itself.

    A word of five letters or more that is none of the shop's becomes one of them if swapping two neighbours or halving a doubled letter
    does it ("balck", "greeen"). Letters are only replaced, put in or left out in words that are no English at all: "while" must not
    turn white. `common` are the words of English; without any, no letter is replaced.
    """

    def __init__(self, known: frozenset[str], common: frozenset[str] = frozenset()) -> None:
        self._known, self._common = known, common
        self._long = sorted(word for word in known if len(word) >= SHORTEST - 1)
        self._of = lru_cache(maxsize=20_000)(self._mended)

    def __call__(self, word: str) -> str:
        return word if len(word) < SHORTEST or word in self._known else self._of(word)

    def _mended(self, word: str) -> str:
        swapped = (word[:k] + word[k + 1] + word[k] + word[k + 2 :] for k in range(len(word) - 1))
        halved = (word[: match.start()] + word[match.start() + 1 :] for match in re.finditer(r"(.)(?=\1)", word))
        for candidate in (*swapped, *halved):
            if (found := fold(candidate)) in self._known:
                return found
        if not self._common or not word.isalpha() or len(word) > 40 or self._english(word):
            return word
        errors = 2 if len(word) >= TWO_ERRORS else 1
        near = process.extract(word, self._long, scorer=OSA.distance, score_cutoff=errors, limit=3)
        # The first letter is the one people get right.
        best = min(near, key=lambda match: (match[1], match[0][0] != word[0], match[2]), default=None)
        return best[0] if best and (best[1] == 1 or best[0][0] == word[0]) else word

    def _english(self, word: str) -> bool:
        """Whether the word, or what it is the plural or a form of, is English."""
        cut = [word.removesuffix(ending) for ending in ("ing", "ed", "er", "ly") if word.endswith(ending)]
        stems = {word, word + "s", *(stem for stem in cut if len(stem) > 3), *(stem + "e" for stem in cut)}
        return bool(stems & self._common)
