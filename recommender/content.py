"""Likeness of texts: to what the customer liked, to what they care about, to what they just said."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from recommender.contract import Query
from recommender.dataset import Dataset
from recommender.query import decay

HALF_LIFE = 60.0  # days


class Likeness:
    """Cosine between each item's embedding and a wish drawn from the query; opposites count as 0.

    The catalogue's mean is taken off first: all items of one shop resemble each other, and what they share tells nothing.
    """

    def __init__(self, name: str, wish: Callable[[Query, np.ndarray], np.ndarray]) -> None:
        self.name, self._wish = name, wish

    def fit(self, data: Dataset) -> Likeness:
        self._mean = data.vectors.mean(axis=0) if len(data.vectors) > 1 else np.zeros(data.vectors.shape[1], np.float32)
        self._vectors = _unit(data.vectors - self._mean)
        return self

    def score(self, query: Query) -> np.ndarray:
        wish = self._wish(query, self._vectors)
        if wish.any() and self.name != "content":  # a history's wish is made of centred vectors already
            wish = wish - self._mean
        return np.maximum(self._vectors @ _unit(wish), 0.0).astype(np.float32)

    def evidence(self, query: Query, position: int) -> int | None:
        if self.name != "content" or not len(query.positions):
            return None
        shares = query.weights * decay(query.ages, HALF_LIFE) * (self._vectors[query.positions] @ self._vectors[position])
        return int(query.positions[shares.argmax()]) if shares.max() > 0 else None

    def state(self) -> dict[str, np.ndarray]:
        return {}  # all of it follows from the catalogue's vectors

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Likeness:
        return self.fit(data)


def of_history(query: Query, vectors: np.ndarray) -> np.ndarray:
    """Decayed mean of the vectors of what the customer liked, (dim,)."""
    if not len(query.positions):
        return np.zeros(vectors.shape[1], np.float32)
    return (query.weights * decay(query.ages, HALF_LIFE)) @ vectors[query.positions]


def of_interest(query: Query, vectors: np.ndarray) -> np.ndarray:
    return query.interest


def of_text(query: Query, vectors: np.ndarray) -> np.ndarray:
    return query.text


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
