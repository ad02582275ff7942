"""From scores over the catalogue to a short list: constraints, one variant of an article, and the variant that fits best."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from recommender.words import words


@dataclass(frozen=True, eq=False)
class Articles:
    """Which items are variants of the same article, and the words of their colours and sizes."""

    items: pd.DataFrame

    @cached_property
    def code(self) -> np.ndarray:
        """(n_items,) equal for the variants of one article."""
        return pd.factorize(self.items["group"])[0]

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        """Where each code begins among the positions in order of their codes, and those positions."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.code))]), np.argsort(self.code, kind="stable")

    @cached_property
    def _called(self) -> list[tuple[np.ndarray, list[set[str]]]]:
        """Which colour and which size each item has, and the words of the colours and sizes."""
        coded = (pd.factorize(self.items[name]) for name in ("colour", "size"))
        return [(code, [set(words(str(value))) for value in values]) for code, values in coded]

    def part(self, at: np.ndarray) -> Articles:
        """Those of the items at these positions."""
        return _Part(self.items, self, at)

    def called(self, position: int) -> set[str]:
        """The words of this variant's colour and size."""
        return {word for code, names in self._called if code[position] >= 0 for word in names[code[position]]}

    def fit(self, position: int, asked: Collection[str]) -> int:
        """How many of the asked words name this variant's colour or size."""
        return len(self.called(position) & set(asked))

    def of(self, position: int) -> list[int]:
        """Positions of all variants of the article at this position."""
        begins, order = self._sorted
        article = self.code[position]
        return order[begins[article] : begins[article + 1]].tolist()

    def variants(self, positions: np.ndarray) -> np.ndarray:
        """Positions of all variants of the article at each of these positions."""
        begins, order = self._sorted
        articles = self.code[positions]
        first, lengths = begins[articles], begins[articles + 1] - begins[articles]
        return order[np.arange(lengths.sum()) + np.repeat(first - np.cumsum(lengths) + lengths, lengths)]

    def siblings(self, positions: Collection[int]) -> np.ndarray:
        """(n_items,) mask of all variants of the articles at these positions."""
        mask = np.zeros(len(self.code), bool)
        mask[self.variants(np.asarray(list(positions), np.int64))] = True
        return mask


@dataclass(frozen=True, eq=False)
class _Part(Articles):
    """`items` are those of the whole, of which this has the ones `at` some positions."""

    whole: Articles
    at: np.ndarray

    @cached_property
    def code(self) -> np.ndarray:
        return np.unique(self.whole.code[self.at], return_inverse=True)[1]

    def called(self, position: int) -> set[str]:
        return self.whole.called(int(self.at[position]))


def best(
    scores: np.ndarray, allowed: np.ndarray, articles: Articles, in_stock: np.ndarray, n: int, asked: Collection[str] = ()
) -> list[int]:
    """Catalogue positions of the n best articles, best first, each by the allowed variant that suits best: in stock, in the asked
    colour and size, then by score. Ties go by catalogue order, so that the same question has the same answer."""
    candidates = np.flatnonzero(allowed)
    size, chosen, seen = min(len(candidates), max(64, 8 * n)), [], set()
    while candidates.size:
        part = candidates if size >= len(candidates) else candidates[_top(scores[candidates], size)]
        chosen, seen = [], set()
        for position in part[np.lexsort((part, -scores[part]))]:
            if (code := int(articles.code[position])) not in seen:
                seen.add(code)
                chosen.append(_variant(int(position), scores, allowed, articles, in_stock, asked))
                if len(chosen) == n:
                    return chosen
        if size >= len(candidates):
            break
        size *= 8  # few articles with many variants each: look further down
    return chosen


def _top(values: np.ndarray, size: int) -> np.ndarray:
    """Indices of the `size` largest, and of all that tie with the last of them."""
    edge = np.partition(values, len(values) - size)[len(values) - size]
    return np.flatnonzero(values >= edge)


def _variant(
    position: int, scores: np.ndarray, allowed: np.ndarray, articles: Articles, in_stock: np.ndarray, asked: Collection[str]
) -> int:
    variants = [v for v in articles.of(position) if allowed[v]]
    if len(variants) == 1:
        return position
    return max(variants, key=lambda v: (bool(in_stock[v]), articles.fit(v, asked) if asked else 0, float(scores[v]), -v))
