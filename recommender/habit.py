"""What the customer comes back for: how often they had it, recent times counting more.

The personal frequency of Hu et al., "Modeling Personalized Item Frequency Information for Next-basket Recommendation", SIGIR 2020.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recommender.contract import Query, foremost_in_order
from recommender.dataset import Dataset


class Habit:
    name = "habit"

    def fit(self, data: Dataset) -> Habit:
        self._size = len(data.items)
        return self

    def score(self, query: Query) -> np.ndarray:
        scores = np.zeros(self._size, np.float32)
        scores[query.positions] = query.weights if query.habits is None else query.habits
        return scores

    def score_at(self, query: Query, at: np.ndarray) -> np.ndarray:
        return self.score(query)[at]

    def leading(self, query: Query, k: int, allowed: np.ndarray, new: np.ndarray) -> np.ndarray:
        return foremost_in_order(query.positions[::-1], k, allowed, new)

    def evidence(self, query: Query, position: int) -> int | None:
        return position if position in query.positions else None

    def state(self) -> dict[str, np.ndarray]:
        return {}  # all of it is in the question

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Habit:
        return self.fit(data)
