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
    def members(self) -> dict[int, np.ndarray]:
        order = np.argsort(self.code, kind="stable")
        starts = np.flatnonzero(np.diff(self.code[order], prepend=-1))
        return {int(self.code[rows[0]]): rows for rows in np.split(order, starts[1:])} if len(order) else {}

    def fit(self, position: int, asked: Collection[str]) -> int:
        """How many of the asked words name this variant's colour or size."""
        row = self.items.iloc[position]
        return len(set(asked) & set(words(f"{row['colour']} {row['size']}")))

    def siblings(self, positions: Collection[int]) -> np.ndarray:
        """(n_items,) mask of all variants of the articles at these positions."""
        return np.isin(self.code, self.code[np.asarray(list(positions), np.int64)])


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
    variants = [int(v) for v in articles.members[int(articles.code[position])] if allowed[v]]
    if len(variants) == 1:
        return position
    return max(variants, key=lambda v: (bool(in_stock[v]), articles.fit(v, asked) if asked else 0, float(scores[v]), -v))
