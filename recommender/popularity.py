"""What sells: events counted with a half-life, as of the moment asked for and never from its future."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp

from recommender.contract import Query, leading_of
from recommender.dataset import Alignment, Dataset

HOUR = 3_600
HALF_LIFE = 14.0  # days
DEPTH = 5_000  # best sellers kept in order


class Popularity:
    def __init__(self, name: str = "popularity", half_life: float = HALF_LIFE) -> None:
        self.name, self.half_life = name, half_life

    def fit(self, data: Dataset) -> Popularity:
        events, self._items = data.events, data.ids
        known_from = -(-events["seconds"].to_numpy() // HOUR)  # the hour that begins after the event
        self._hours, row = np.unique(known_from, return_inverse=True)
        weights = events["weight"].to_numpy(np.float32)
        self._counts = sp.csr_matrix((weights, (row, events["column"].to_numpy())), shape=(len(self._hours), len(self._items)))
        return self._aligned(data)

    def score(self, query: Query) -> np.ndarray:
        return self._at(int(query.at // HOUR))

    def score_at(self, query: Query, at: np.ndarray) -> np.ndarray:
        return self.score(query)[at]

    def leading(self, query: Query, k: int, allowed: np.ndarray) -> np.ndarray:
        """From the shop's best sellers in order, which are the same for everybody; all items where too few of those are allowed."""
        scores = self.score(query)
        known, order = self._order
        if known is not scores:
            best = np.argpartition(-scores, min(DEPTH, len(scores) - 1))[:DEPTH]
            order = best[np.argsort(-scores[best], kind="stable")]
            self._order = (scores, order)
        found = order[allowed[order] & (scores[order] > 0)][:k]
        return found if len(found) == k or len(order) == len(scores) else leading_of(scores, k, allowed)

    def evidence(self, query: Query, position: int) -> None:
        return None

    def state(self) -> dict[str, np.ndarray]:
        counts = self._counts
        return {"items": self._items, "hours": self._hours, "data": counts.data, "indices": counts.indices, "indptr": counts.indptr}

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Popularity:
        self._items, self._hours = state["items"], state["hours"]
        shape = (len(self._hours), len(self._items))
        self._counts = sp.csr_matrix((state["data"], state["indices"], state["indptr"]), shape=shape)
        return self._aligned(data)

    def _aligned(self, data: Dataset) -> Popularity:
        self._align, self._scored = Alignment(self._items, data.ids), (None, np.zeros(0, np.float32))
        self._order: tuple[np.ndarray | None, np.ndarray] = (None, np.zeros(0, np.int64))  # scores, and their best positions in order
        return self

    def _at(self, hour: int) -> np.ndarray:
        """Scores as of the beginning of an hour; kept for the hour asked for last."""
        known, scores = self._scored
        if known != hour:
            # Ages count from the last hour with events: a shop whose data are old still has favourites.
            past = self._hours[self._hours <= hour]
            fading = np.exp2((past - past.max(initial=0)) / (24 * self.half_life)).astype(np.float32)
            scores = self._align.live(np.asarray(fading @ self._counts[: len(past)], np.float32).ravel())
            self._scored = (hour, scores)
        return scores
