"""Likeness of texts: to what the customer liked, to what they care about, to what they just said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from recommender.contract import Query
from recommender.dataset import Dataset
from recommender.query import decay

HALF_LIFE = 60.0  # days
BLOCK = 256  # vectors that the processor's cache holds


class Likeness:
    """Cosine between each item's embedding and a wish drawn from the query; opposites count as 0.

    The catalogue's mean is taken off first: all items of one shop resemble each other, and what they share tells nothing. The centred
    vectors are never stored: (v - m) . w = v . w - m . w, and their lengths are kept, so that all scorers share the catalogue's own.
    """

    def __init__(self, name: str, wish: Callable[[Query, np.ndarray], np.ndarray]) -> None:
        self.name, self._wish = name, wish

    def fit(self, data: Dataset) -> Likeness:
        self._vectors, (self._mean, self._length) = data.vectors, data.centring
        return self

    def part(self, vectors: np.ndarray, at: np.ndarray) -> Likeness:
        """For the items at these positions alone, whose vectors these are."""
        part = Likeness(self.name, self._wish)
        part._vectors, part._mean, part._length = vectors, self._mean, self._length[at]
        return part

    def score(self, query: Query) -> np.ndarray:
        wish = self.wish(query)
        if not wish.any():
            return np.zeros(len(self._length), np.float32)
        return np.maximum((self._vectors @ wish - self._mean @ wish) / self._length, 0.0)

    def score_many(self, queries: Sequence[Query]) -> np.ndarray:
        wishes = np.stack([self.wish(query) for query in queries])
        return self._near(wishes @ self._vectors.T, wishes)

    def _near(self, products: np.ndarray, wishes: np.ndarray) -> np.ndarray:
        """(wishes, n_items) scores from the products of wishes (wishes, dim) and vectors; 0 for a wish of nothing."""
        scores = (products - (wishes @ self._mean)[:, None]) / self._length
        return np.maximum(scores, 0.0) * wishes.any(axis=1, keepdims=True)

    def wish(self, query: Query) -> np.ndarray:
        """(dim,) unit, or zero: where among the centred vectors the wish points."""
        liked = np.zeros((0, len(self._mean)), np.float32)
        if self.name == "content":
            liked = self._centred(query.positions)
        wish = self._wish(query, liked)
        if wish.any() and self.name != "content":  # a history's wish is made of centred vectors already
            wish = wish - self._mean
        return _unit(wish).astype(np.float32)

    def evidence(self, query: Query, position: int) -> int | None:
        if self.name != "content" or not len(query.positions):
            return None
        centred = self._vectors[position] - self._mean
        near = (self._vectors[query.positions] @ centred - self._mean @ centred) / self._length[query.positions]
        shares = query.weights * decay(query.ages, HALF_LIFE) * near
        return int(query.positions[shares.argmax()]) if shares.max() > 0 else None

    def state(self) -> dict[str, np.ndarray]:
        return {}  # all of it follows from the catalogue's vectors

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Likeness:
        return self.fit(data)

    def _centred(self, positions: np.ndarray) -> np.ndarray:
        return (self._vectors[positions] - self._mean) / self._length[positions, None]


def in_one_go(scorers: Sequence[Likeness], query: Query) -> dict[str, np.ndarray]:
    """The scores of several of these for one query. What takes time is reading the catalogue's vectors: each block is read once for
    all wishes, and is small enough for the processor's cache."""
    if not scorers:
        return {}
    wishes, vectors = np.stack([one.wish(query) for one in scorers]), scorers[0]._vectors
    products, columns = np.empty((len(vectors), len(wishes)), np.float32), np.ascontiguousarray(wishes.T)
    for start in range(0, len(vectors), BLOCK):
        np.dot(vectors[start : start + BLOCK], columns, out=products[start : start + BLOCK])
    return dict(zip((one.name for one in scorers), scorers[0]._near(np.ascontiguousarray(products.T), wishes), strict=True))


def of_history(query: Query, liked: np.ndarray) -> np.ndarray:
    """Decayed sum of the vectors (h, dim) of what the customer liked, (dim,)."""
    return (query.weights * decay(query.ages, HALF_LIFE)) @ liked


def of_interest(query: Query, liked: np.ndarray) -> np.ndarray:
    return query.interest


def of_text(query: Query, liked: np.ndarray) -> np.ndarray:
    return query.text


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
