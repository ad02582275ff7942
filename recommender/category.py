"""Likeness by the catalogue's own order: the same category, or a near one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from recommender.contract import Query
from recommender.dataset import Dataset
from recommender.query import decay
from recommender.words import words

HALF_LIFE = 60.0  # days


class Category:
    """How much of its category path an item shares with what the customer liked: sum of liking times (shared levels / deeper path)."""

    name = "category"

    def fit(self, data: Dataset) -> Category:
        paths = data.items["category"].fillna("") if "category" in data.items else pd.Series([""] * len(data.items))
        self._code, distinct = pd.factorize(paths)
        levels = [tuple(words(part) for part in path.split(">") if part.strip()) for path in distinct]
        self._depth = np.array([len(path) for path in levels], np.float32)
        numbered: dict[tuple, int] = {}
        # (categories, levels): a number for the path down to each level, so that equal numbers are shared levels; -1 below the path's end
        self._prefix = np.full((len(levels), max(map(len, levels), default=0)), -1, np.int32)
        for row, path in enumerate(levels):
            for level in range(len(path)):
                self._prefix[row, level] = numbered.setdefault(path[: level + 1], len(numbered))
        return self

    def score(self, query: Query) -> np.ndarray:
        return self.score_at(query, slice(None))

    def score_at(self, query: Query, at: np.ndarray | slice) -> np.ndarray:
        code, liking = self._code[at], query.weights * decay(query.ages, HALF_LIFE)
        categories, row = np.unique(self._code[query.positions], return_inverse=True)
        total = np.zeros(len(self._depth), np.float32)
        for category, share in zip(categories, np.bincount(row, weights=liking, minlength=len(categories)), strict=True):
            total += np.float32(share) * self._shared(category)
        return total[code]

    def evidence(self, query: Query, position: int) -> int | None:
        if not len(query.positions):
            return None
        shares = query.weights * decay(query.ages, HALF_LIFE) * self._shared(self._code[position])[self._code[query.positions]]
        return int(query.positions[shares.argmax()]) if shares.max() > 0 else None

    def state(self) -> dict[str, np.ndarray]:
        return {}  # all of it follows from the catalogue

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Category:
        return self.fit(data)

    def _shared(self, category: int) -> np.ndarray:
        """(categories,) levels from the top that each has in common with this one, over the levels of the deeper path."""
        ours = self._prefix[category]
        return ((self._prefix == ours) & (ours >= 0)).sum(axis=1) / np.maximum(np.maximum(self._depth, self._depth[category]), 1.0)
