"""What came into the shop since the customer was last there: they never had the chance to choose it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recommender.contract import Query, foremost_in_order
from recommender.dataset import Alignment, Dataset
from recommender.query import DAY

HALF_LIFE = 10.0  # days before the last visit that an item was first sold


class Fresh:
    """1 for an item whose first event came after the customer's newest, halving with every ten days it came before that; 0 for an item
    with no event as of the moment asked for, and for a customer nothing is known of."""

    name = "fresh"

    def fit(self, data: Dataset) -> Fresh:
        events, self._items = data.events, data.ids
        self._first = np.full(len(self._items), np.inf)
        np.minimum.at(self._first, events["column"].to_numpy(), events["seconds"].to_numpy(float))
        return self._aligned(data)

    def score(self, query: Query) -> np.ndarray:
        return self._align.live(self._fresh(query, self._first))

    def score_at(self, query: Query, at: np.ndarray) -> np.ndarray:
        return self._fresh(query, self._live_first[at])

    def leading(self, query: Query, k: int, allowed: np.ndarray, new: np.ndarray) -> np.ndarray:
        if not len(query.positions):
            return np.zeros(0, np.int64)
        start = int(np.searchsorted(self._ages, -query.at))  # none from the future
        return foremost_in_order(self._newest[start : start + 20 * k], k, allowed, new)

    def _fresh(self, query: Query, first: np.ndarray) -> np.ndarray:
        if not len(query.positions):
            return np.zeros(len(first), np.float32)
        visit = query.at - query.ages.min() * DAY
        fresh = np.exp2(np.minimum(first - visit, 0.0) / (HALF_LIFE * DAY))
        return np.where(first <= query.at, fresh, 0.0).astype(np.float32)

    def evidence(self, query: Query, position: int) -> None:
        return None

    def state(self) -> dict[str, np.ndarray]:
        return {"items": self._items, "first": self._first}

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Fresh:
        self._items, self._first = state["items"], state["first"]
        return self._aligned(data)

    def _aligned(self, data: Dataset) -> Fresh:
        self._align = Alignment(self._items, data.ids)
        positions = self._align.fitted(np.arange(len(data.items)))
        self._live_first = np.append(self._first, np.inf)[positions]  # an item that is new to the model was never sold
        sold = np.flatnonzero(np.isfinite(self._live_first))
        self._newest = sold[np.argsort(-self._live_first[sold], kind="stable")]  # catalogue positions
        self._ages = -self._live_first[self._newest]
        return self
