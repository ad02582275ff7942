"""Neighbourhood methods as the field first named them: what similar customers have, and items with similar customers.

User-kNN: Resnick et al., CSCW 1994; item-kNN: Sarwar et al., WWW 2001. Likeness is the cosine, or Pearson's correlation, which takes off
what is had by chance.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp

from recommender.contract import Query
from recommender.dataset import Alignment, Dataset
from recommender.ease import faded
from recommender.itemknn import largest
from recommender.query import decay

NEIGHBOURS = 100
MAX_USERS = 50_000  # the newest; more would take too long to look through for each question
HALF_LIFE = 120.0  # days
SHRINK = 3.0  # customers' worth of doubt about two items' correlation
SAME = 0.9999  # so alike a customer is the one who asks: they have nothing new to tell


def item_likeness(data: Dataset, pearson: bool = False, neighbours: int = NEIGHBOURS) -> sp.csr_matrix:
    """(n_items, n_items) cosine, or shrunk correlation, of the items' columns of ones; its `neighbours` largest above 0 a row."""
    ones = data.matrix.copy()
    ones.data[:] = 1.0
    together = sp.coo_matrix(ones.T @ ones)
    count, users = np.asarray(ones.sum(axis=0)).ravel(), max(ones.shape[0], 1)
    first, second = count[together.row], count[together.col]
    if pearson:
        spread = np.sqrt(np.maximum(first * (1 - first / users) * second * (1 - second / users), 1e-9))
        value = (together.data - first * second / users) / (spread + SHRINK)
    else:
        value = together.data / np.sqrt(first * second)
    return largest(sp.csr_matrix((value, (together.row, together.col)), shape=together.shape), neighbours)


class UserKnn:
    """score(j) = sum over the nearest customers of likeness times how much they like j, with older events fading.

    The likeness is not divided by the length of the asking customer's own history: that changes no order.
    """

    def __init__(self, name: str = "userknn", pearson: bool = False, neighbours: int = NEIGHBOURS) -> None:
        self.name, self.pearson, self.neighbours = name, pearson, neighbours

    def fit(self, data: Dataset) -> UserKnn:
        newest = data.events.groupby("user")["seconds"].max().reindex(data.users).fillna(0).to_numpy()
        return self._with(faded(data, HALF_LIFE)[np.sort(np.argsort(-newest, kind="stable")[:MAX_USERS])], data.ids, data)

    def score(self, query: Query) -> np.ndarray:
        neighbours, likeness = self._neighbours(query)
        total = np.zeros(self._users.shape[1], np.float32)
        for row, share in zip(neighbours.tolist(), likeness, strict=True):
            part = slice(self._users.indptr[row], self._users.indptr[row + 1])
            total[self._users.indices[part]] += share * self._users.data[part]
        return self._align.live(total)

    def evidence(self, query: Query, position: int) -> int | None:
        """The item that most of those neighbours have in common with the customer who have the item at `position`."""
        column = self._align.fitted([position])[0]
        fitted = self._align.fitted(query.positions)
        if column < 0 or not (fitted >= 0).any():
            return None
        neighbours, likeness = self._neighbours(query)
        rows = self._users[neighbours]
        share = likeness * rows[:, [column]].toarray().ravel()
        common = (share @ rows)[np.maximum(fitted, 0)] * (fitted >= 0) * query.weights
        return int(query.positions[common.argmax()]) if common.max() > 0 else None

    def state(self) -> dict[str, np.ndarray]:
        return {"items": self._items, "data": self._users.data, "indices": self._users.indices, "indptr": self._users.indptr}

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> UserKnn:
        shape = (len(state["indptr"]) - 1, len(state["items"]))
        return self._with(sp.csr_matrix((state["data"], state["indices"], state["indptr"]), shape=shape), state["items"], data)

    def _with(self, users: sp.csr_matrix, items: np.ndarray, data: Dataset) -> UserKnn:
        self._users, self._items, self._align = sp.csr_matrix(users, dtype=np.float32), items, Alignment(items, data.ids)
        self._columns = self._users.tocsc()
        width = self._users.shape[1]
        self._sum = np.asarray(self._users.sum(axis=1)).ravel() / width  # mean of each customer's row
        square = np.asarray(self._users.multiply(self._users).sum(axis=1)).ravel()
        self._norm = np.sqrt(np.maximum(square - (width * self._sum**2 if self.pearson else 0.0), 1e-9))
        return self

    def _neighbours(self, query: Query) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the nearest customers, and how near, above 0."""
        fitted = self._align.fitted(query.positions)
        known = fitted >= 0
        liking = (query.weights * decay(query.ages, HALF_LIFE))[known].astype(np.float32)
        if not known.any() or not self._users.shape[0]:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        near = np.zeros(self._users.shape[0], np.float32)
        for column, weight in zip(fitted[known].tolist(), liking, strict=True):
            part = slice(self._columns.indptr[column], self._columns.indptr[column + 1])
            near[self._columns.indices[part]] += weight * self._columns.data[part]
        square, width = float((liking**2).sum()), self._users.shape[1]
        if self.pearson:
            near -= liking.sum() * self._sum
            square -= liking.sum() ** 2 / width
        near /= self._norm
        near[near > SAME * np.sqrt(max(square, 0.0))] = 0.0
        top = np.argpartition(-near, self.neighbours)[: self.neighbours] if self.neighbours < len(near) else np.arange(len(near))
        top = top[near[top] > 0]
        return top, near[top]
