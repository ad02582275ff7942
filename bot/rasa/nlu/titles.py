"""Product names as customers remember them: without the colour and size at the end, shortened, misspelt."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

CLOSE = 88.0  # of 100, spaces left out; below, two articles' names begin to be taken for each other
AT_MOST = 40  # articles that are looked at closely for one message
SHORTEST = 8  # letters of a name, spaces left out; shorter ones are only found as they are written


def article_of(title: str, values: Collection[str]) -> str:
    """The title without colour and size at its end: "Linen Shirt, Blue, M" -> "Linen Shirt". `values`: case-folded colours and sizes."""
    parts = title.split(", ")
    while len(parts) > 1 and parts[-1].casefold() in values:
        parts.pop()
    return ", ".join(parts)


def aliases(names: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """(alias, article): the ends of two words or more of an article's words that belong to that article alone ("wall clock")."""
    count = Counter(" ".join(words[k:]) for words in names.values() for k in range(1, len(words) - 1))
    for article, words in names.items():
        for k in range(1, len(words) - 1):
            alias = " ".join(words[k:])
            if count[alias] == 1:
                yield alias, article


@dataclass
class FuzzyTitles:
    """Articles by their folded words; finds the one that a stretch of a message nearly spells."""

    names: Mapping[str, Sequence[str]]
    _by_word: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for article, words in self.names.items():
            for word in dict.fromkeys(words):
                self._by_word[word].append(article)

    def find(self, words: Sequence[str]) -> tuple[str, int, int] | None:
        """(article, first word, end) of the closest name in `words`, or None when none is close."""
        shared = Counter(article for word in dict.fromkeys(words) if len(word) > 2 for article in self._by_word.get(word, ()))
        best: tuple[float, int, str, int, int] | None = None
        for article, common in shared.most_common(AT_MOST):
            name = self.names[article]
            if len(name) < 2 or common * 3 < len(name):
                continue
            plain = "".join(name)
            if len(plain) < SHORTEST:
                continue
            for length in range(max(2, len(name) - 1), len(name) + 2):
                for start in range(len(words) - length + 1):
                    score = fuzz.ratio("".join(words[start : start + length]), plain, score_cutoff=CLOSE)
                    if score and (best is None or (score, len(name)) > best[:2]):
                        best = (score, len(name), article, start, start + length)
        return best[2:] if best else None
