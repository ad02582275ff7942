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
        self._shared = np.array([[_shared(first, second) for second in levels] for first in levels], np.float32)
        return self

    def score(self, query: Query) -> np.ndarray:
        if not len(query.positions):
            return np.zeros(len(self._code), np.float32)
        liking = query.weights * decay(query.ages, HALF_LIFE)
        liked = np.bincount(self._code[query.positions], weights=liking, minlength=len(self._shared))
        return (liked @ self._shared)[self._code].astype(np.float32)

    def evidence(self, query: Query, position: int) -> int | None:
        shares = query.weights * decay(query.ages, HALF_LIFE) * self._shared[self._code[query.positions], self._code[position]]
        return int(query.positions[shares.argmax()]) if len(shares) and shares.max() > 0 else None

    def state(self) -> dict[str, np.ndarray]:
        return {}  # all of it follows from the catalogue

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Category:
        return self.fit(data)


def _shared(first: tuple, second: tuple) -> float:
    """Levels from the top that two paths have in common, over the levels of the deeper one."""
    common = 0
    for ours, theirs in zip(first, second, strict=False):
        if ours != theirs:
            break
        common += 1
    return common / max(len(first), len(second), 1)
