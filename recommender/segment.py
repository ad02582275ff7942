"""What sells to customers like this one, and at such a time: popularity by segment, and by context for a customer nothing is known of.

A segment is a cluster of customers' tastes (k-means over the mean embedding of what they liked); a context is a part of the day on a
working day or at the weekend. Both are shrunk to what sells everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp
from sklearn.cluster import KMeans

from recommender.contract import Query
from recommender.dataset import Alignment, Dataset
from recommender.query import DAY

SEGMENTS = 12
PER_SEGMENT = 25  # customers that a segment needs
HALF_LIFE = 30.0  # days
SHRINK = 50.0  # events' worth of doubt about a segment or a context
PARTS_OF_DAY = 4
CONTEXTS = 2 * PARTS_OF_DAY


def context(seconds: np.ndarray | float) -> np.ndarray:
    """0 to 7: which quarter of the day (UTC), from 4 on at the weekend."""
    days, rest = np.divmod(np.asarray(seconds, np.float64), DAY)
    weekend = (days.astype(np.int64) + 3) % 7 >= 5  # the first of January 1970 was a Thursday
    return (rest // (DAY / PARTS_OF_DAY)).astype(np.int64) + PARTS_OF_DAY * weekend


class Segment:
    name = "segment"

    def fit(self, data: Dataset) -> Segment:
        events = data.events
        seconds, columns = events["seconds"].to_numpy(), events["column"].to_numpy()
        fading = np.exp2((seconds - seconds.max(initial=0)) / (HALF_LIFE * DAY)) * events["weight"].to_numpy()
        tastes = np.asarray(data.matrix @ data.vectors) if len(data.users) else np.zeros((0, data.vectors.shape[1]))
        tastes /= np.maximum(np.linalg.norm(tastes, axis=1, keepdims=True), 1e-9)
        count = min(SEGMENTS, len(tastes) // PER_SEGMENT)
        clusters = KMeans(count, n_init=1, random_state=0).fit(tastes) if count > 1 else None
        self._centres = clusters.cluster_centers_.astype(np.float32) if clusters else np.zeros((0, data.vectors.shape[1]), np.float32)
        of_user = clusters.labels_ if clusters else np.zeros(len(tastes), np.int64)
        size, everywhere = len(data.items), np.bincount(columns, fading, len(data.items))
        segments = _counted(of_user[np.searchsorted(data.users, events["user"])], columns, fading, (max(count, 1), size))
        contexts = _counted(context(seconds), columns, fading, (CONTEXTS, size))
        self._items, self._rows = data.ids, np.concatenate([_shrunk(rows, everywhere) for rows in (segments, contexts)])
        return self._aligned(data)

    def score(self, query: Query) -> np.ndarray:
        segments = len(self._rows) - CONTEXTS
        row = segments + int(context(query.at))
        if len(query.positions) and len(self._centres):
            row = int((self._centres @ (query.weights @ self._vectors[query.positions])).argmax())
        return self._align.live(self._rows[row])

    def evidence(self, query: Query, position: int) -> None:
        return None

    def state(self) -> dict[str, np.ndarray]:
        return {"items": self._items, "centres": self._centres, "rows": self._rows}

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Segment:
        self._items, self._centres, self._rows = state["items"], state["centres"], state["rows"]
        return self._aligned(data)

    def _aligned(self, data: Dataset) -> Segment:
        self._align, self._vectors = Alignment(self._items, data.ids), data.vectors
        return self


def _counted(rows: np.ndarray, columns: np.ndarray, weights: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return sp.csr_matrix((weights, (rows, columns)), shape=shape).toarray()


def _shrunk(counts: np.ndarray, everywhere: np.ndarray) -> np.ndarray:
    """Shares of the row's events, with `SHRINK` events' worth of what sells everywhere mixed in."""
    prior = everywhere / max(everywhere.sum(), 1e-9)
    return ((counts + SHRINK * prior) / (counts.sum(axis=1, keepdims=True) + SHRINK)).astype(np.float32)
