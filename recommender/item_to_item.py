"""The scorer that every item-to-item method shares: a weight matrix, and the sum of the rows of what the customer liked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import scipy.sparse as sp

from recommender.contract import Query
from recommender.dataset import Alignment, Dataset
from recommender.query import decay


class ItemToItem:
    """score(j) = sum over liked items i of liking(i) * decay(age of i) * W[i, j].

    `weigh` makes W (n_items, n_items; sparse) from the data. `half_life` in days; None: old events count like new ones.
    """

    def __init__(self, name: str, weigh: Callable[[Dataset], sp.csr_matrix], half_life: float | None = None) -> None:
        self.name, self._weigh, self.half_life = name, weigh, half_life

    def fit(self, data: Dataset) -> ItemToItem:
        self._weights, self._items = sp.csr_matrix(self._weigh(data), dtype=np.float32), data.ids
        self._align = Alignment(self._items, data.ids)
        return self

    def score(self, query: Query) -> np.ndarray:
        rows, liking = self._liked(query)
        if not len(rows):
            return np.zeros(self._align.size, np.float32)
        wanted = sp.csr_matrix((liking, rows, [0, len(rows)]), shape=(1, self._weights.shape[0]))
        return self._align.live((wanted @ self._weights).toarray()[0])

    def evidence(self, query: Query, position: int) -> int | None:
        column = self._align.fitted([position])[0]
        rows, liking = self._liked(query)
        if column < 0 or not len(rows):
            return None
        shares = liking * np.asarray(self._weights[rows, np.full(len(rows), column)]).ravel()
        best = int(shares.argmax())
        known = query.positions[self._align.fitted(query.positions) >= 0]
        return int(known[best]) if shares[best] > 0 else None

    def state(self) -> dict[str, np.ndarray]:
        weights = self._weights
        return {"items": self._items, "data": weights.data, "indices": weights.indices, "indptr": weights.indptr}

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> ItemToItem:
        size = len(state["items"])
        self._weights = sp.csr_matrix((state["data"], state["indices"], state["indptr"]), shape=(size, size))
        self._items = state["items"]
        self._align = Alignment(self._items, data.ids)
        return self

    def _liked(self, query: Query) -> tuple[np.ndarray, np.ndarray]:
        """Fitted positions of the liked items that the model knows, and how much each counts."""
        rows = self._align.fitted(query.positions)
        known = rows >= 0
        return rows[known], (query.weights * decay(query.ages, self.half_life))[known]


def strongest(dense: np.ndarray, keep: int) -> sp.csr_matrix:
    """Each row's `keep` entries of largest magnitude, as a sparse matrix."""
    size = dense.shape[1]
    if keep >= size:
        return sp.csr_matrix(dense)
    columns = np.argpartition(np.abs(dense), size - keep, axis=1)[:, size - keep :]
    values = np.take_along_axis(dense, columns, axis=1)
    indptr = np.arange(0, dense.shape[0] * keep + 1, keep)
    kept = sp.csr_matrix((values.ravel(), columns.ravel(), indptr), shape=dense.shape)
    kept.eliminate_zeros()
    kept.sort_indices()
    return kept
