"""Price fit: how near an item's price comes to what the customer usually pays for a thing of its kind.

Prices are compared within a category, by their logarithm: forty pounds are dear for a mug and cheap for a lamp. Wherever the customer's
choices lie, and how closely they keep together, is shrunk towards what all items do; Ge et al., "Cost-aware Collaborative Filtering for
Travel Tour Recommendations", TOIS 2014, describe a customer's price likewise by a mean and a spread.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from recommender.contract import Query, foremost
from recommender.dataset import Dataset
from recommender.query import decay

HALF_LIFE = 120.0  # days
DOUBT = 3.0  # items' worth of doubt about what a customer pays
LEAST = 0.25  # spread of a customer's prices, at least, in doublings
AROUND = 4_000  # items looked through on either side of the customer's price


class PriceFit:
    """exp(-(r - m)^2 / 2 s^2) of an item's price r, in doublings of its category's median, for a customer who pays m, give or take s. 0
    for an item without a price, and for a customer nothing is known of."""

    name = "price"

    def fit(self, data: Dataset) -> PriceFit:
        price = data.items["price"].to_numpy(float) if "price" in data.items else np.zeros(len(data.items))
        logs = pd.Series(np.log2(np.where(price > 0, price, np.nan)))
        paths = data.items["category"].fillna("").to_numpy() if "category" in data.items else np.zeros(len(logs))
        self._dear = (logs - logs.groupby(paths).transform("median")).to_numpy(np.float32)
        self._known = np.isfinite(self._dear)
        self._spread = max(float(self._dear[self._known].std()), LEAST) if self._known.any() else LEAST
        self._order = np.argsort(self._dear, kind="stable")[: int(self._known.sum())]  # cheapest first; those without a price left out
        return self

    def score(self, query: Query) -> np.ndarray:
        return self.score_at(query, slice(None))

    def score_at(self, query: Query, at: np.ndarray | slice) -> np.ndarray:
        dear, paid = self._dear[at], self._paid(query)
        if paid is None:
            return np.zeros(len(dear), np.float32)
        middle, spread = paid
        return np.nan_to_num(np.exp(np.square((dear - np.float32(middle)) / np.float32(spread)) * np.float32(-0.5)))

    def leading(self, query: Query, k: int, allowed: np.ndarray, new: np.ndarray) -> np.ndarray:
        paid = self._paid(query)
        if paid is None:
            return np.zeros(0, np.int64)
        place = int(np.searchsorted(self._dear[self._order], paid[0]))
        near = self._order[max(place - AROUND, 0) : place + AROUND]
        if len(self._order) > 2 * AROUND and np.count_nonzero(allowed[near]) < k:
            near = self._order
        return foremost(near, self.score_at(query, near), k, allowed, new)

    def evidence(self, query: Query, position: int) -> None:
        return None

    def state(self) -> dict[str, np.ndarray]:
        return {}  # all of it follows from the catalogue

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> PriceFit:
        return self.fit(data)

    def _paid(self, query: Query) -> tuple[float, float] | None:
        """What the customer pays, in doublings of what is usual, and how far their prices spread; None where nothing is known of it."""
        had = self._known[query.positions] if len(query.positions) else np.zeros(0, bool)
        if not had.any():
            return None
        dear, liking = self._dear[query.positions[had]], (query.weights * decay(query.ages, HALF_LIFE))[had]
        middle = float(liking @ dear) / (float(liking.sum()) + DOUBT)
        squares = float(liking @ np.square(dear - middle)) + DOUBT * self._spread**2
        return middle, max(float(np.sqrt(squares / (float(liking.sum()) + DOUBT))), LEAST)
