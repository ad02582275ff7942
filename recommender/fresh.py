"""What came into the shop since the customer was last there: they never had the chance to choose it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recommender.contract import Query
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
        self._align = Alignment(self._items, data.ids)
        return self

    def score(self, query: Query) -> np.ndarray:
        if not len(query.positions):
            return np.zeros(self._align.size, np.float32)
        visit = query.at - query.ages.min() * DAY
        fresh = np.exp2(np.minimum(self._first - visit, 0.0) / (HALF_LIFE * DAY))
        return self._align.live(np.where(self._first <= query.at, fresh, 0.0).astype(np.float32))

    def evidence(self, query: Query, position: int) -> None:
        return None

    def state(self) -> dict[str, np.ndarray]:
        return {"items": self._items, "first": self._first}

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Fresh:
        self._items, self._first = state["items"], state["first"]
        self._align = Alignment(self._items, data.ids)
        return self
