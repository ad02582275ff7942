"""Puts typing errors right with the words that the catalogue knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 4  # letters; shorter words have too many neighbours
CLOSE = 0.72  # share of letters that must be right: one error in four letters, two in eight


class Speller:
    """Knows the words of the catalogue. Of equally close ones the more frequent wins, so give them most frequent first. What `is_word`
    knows is English, whether the catalogue has it or not: "play" is no misspelt "clay"."""

    def __init__(self, words: Iterable[str], is_word: Callable[[str], bool] = lambda word: False) -> None:
        self.is_word = is_word
        self._known = list(dict.fromkeys(words))
        self._set = set(self._known)
        self._long = [word for word in self._known if len(word) >= SHORTEST]
        self.correct = lru_cache(maxsize=4096)(self._correct)

    def corrected(self, words: Sequence[str]) -> list[str]:
        """The words, each unknown one replaced by the closest known one if there is a close one."""
        return [self.correct(word) for word in words]

    def is_real(self, word: str) -> bool:
        """Whether a folded word is one of the catalogue or of English."""
        return word in self._set or any(self.is_word(form) for form in (word, f"{word}s")) and not word.isdecimal()

    def _correct(self, word: str) -> str:
        if word in self._set or self.is_real(word) or len(word) < SHORTEST or not word.isalpha() or len(word) > 40:
            return word
        found = process.extract(word, self._long, scorer=OSA.normalized_similarity, limit=3, score_cutoff=CLOSE)
        # The first letter is the one people get right.
        return max(found, key=lambda match: (match[1] + 0.1 * (match[0][0] == word[0]), -match[2]))[0] if found else word
