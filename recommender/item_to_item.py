"""The scorer that every item-to-item method shares: a weight matrix, and the sum of the rows of what the customer liked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from recommender.contract import Query, foremost
from recommender.dataset import Alignment, Dataset
from recommender.query import decay

MANY = 40  # rows


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
        return self._align.live(self._summed(*self._liked(query)))

    def score_at(self, query: Query, at: np.ndarray) -> np.ndarray:
        columns, scores = self._tallied(query)
        return valued(columns, scores, self._align.fitted(at))

    def score_many(self, queries: Sequence[Query]) -> np.ndarray:
        liked = [self._liked(query) for query in queries]
        rows = np.concatenate([rows for rows, _ in liked])
        ends = np.cumsum([0, *(len(rows) for rows, _ in liked)])
        wanted = sp.csr_matrix((np.concatenate([liking for _, liking in liked]), rows, ends), shape=(len(queries), self._weights.shape[0]))
        return self._align.live_many((wanted @ self._weights).toarray())

    def leading(self, query: Query, k: int, allowed: np.ndarray, new: np.ndarray) -> np.ndarray:
        columns, scores = self._tallied(query)
        places = self._align.places(columns)
        return foremost(places[places >= 0], scores[places >= 0], k, allowed, new)

    def evidence(self, query: Query, position: int) -> int | None:
        column = self._align.fitted([position])[0]
        rows, liking = self._liked(query)
        if column < 0 or not len(rows):
            return None
        columns, values, owner = entries(self._weights, rows)
        found = np.flatnonzero(columns == column)
        shares = liking[owner[found]] * values[found]
        if not len(shares) or shares.max() <= 0:
            return None
        known = query.positions[self._align.fitted(query.positions) >= 0]
        return int(known[owner[found[shares.argmax()]]])

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

    def _tallied(self, query: Query) -> tuple[np.ndarray, np.ndarray]:
        """Fitted positions with a score, in order, and their scores; worked out once for a query."""
        if self not in query.worked_out:
            rows, liking = self._liked(query)
            columns, values, owner = entries(self._weights, rows)
            query.worked_out[self] = tally(columns, values * liking[owner])
        return query.worked_out[self]

    def _summed(self, rows: np.ndarray, liking: np.ndarray) -> np.ndarray:
        """(fitted items,) the rows' weighted sum. Few rows on the bare arrays, for which scipy's own product takes far longer."""
        weights = self._weights
        if len(rows) > MANY:
            return np.asarray(weights[rows].T @ liking.astype(np.float32, copy=False))
        total = np.zeros(weights.shape[1], np.float32)
        for row, share in zip(rows.tolist(), liking, strict=True):
            part = slice(weights.indptr[row], weights.indptr[row + 1])
            total[weights.indices[part]] += share * weights.data[part]
        return total


def entries(matrix: sp.csr_matrix, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All entries of these rows: columns, values, and which of `rows` each is in."""
    starts, ends = matrix.indptr[rows], matrix.indptr[rows + 1]
    lengths = ends - starts
    owner = np.repeat(np.arange(len(rows)), lengths)
    if 0 < len(rows) <= MANY:  # whole stretches are copied faster than places one by one
        parts = [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        return np.concatenate([matrix.indices[part] for part in parts]), np.concatenate([matrix.data[part] for part in parts]), owner
    places = np.arange(len(owner)) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    return matrix.indices[places], matrix.data[places], owner


def tally(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct keys in order, and for each the sum of its values, float32: time goes with the entries, not with the catalogue."""
    order = np.argsort(keys)  # not stable, which takes a third of the time
    keys = keys[order]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys[starts], np.add.reduceat(values[order], starts, dtype=np.float32) if len(starts) else np.zeros(0, np.float32)


def valued(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(len(wanted),) the values of the wanted keys, 0 for those not among the `keys`, which are distinct and in order."""
    if not len(keys):
        return np.zeros(len(wanted), np.float32)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], np.float32(0))


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
