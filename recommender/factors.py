"""Matrix factorisation: customers and items as points of one space (implicit ALS and BPR, fitted by the library `implicit`).

Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008; Rendle et al., "BPR", UAI 2009. A customer is
folded in from their history: their point is the least-squares one for what they have, so that nobody needs to have been there at fitting.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recommender.contract import Query
from recommender.dataset import Alignment, Dataset
from recommender.query import decay

FACTORS = 64
ALPHA = 10.0  # confidence that an event adds
RIDGE = 10.0
HALF_LIFE = 120.0  # days


class Factors:
    """score(j) = x . y_j, where x solves (Y'Y + alpha * sum of l_i y_i y_i' + ridge I) x = (1 + alpha) * sum of l_i y_i over the history,
    l_i being the liking of item i."""

    def __init__(self, name: str = "als", factors: int = FACTORS, iterations: int = 15) -> None:
        self.name, self.factors, self.iterations = name, factors, iterations

    def fit(self, data: Dataset) -> Factors:
        items = np.zeros((len(data.items), self.factors), np.float32)
        known = np.flatnonzero(data.support)
        if len(known) and len(data.users) > 1:
            items[known] = self._fitted(data.matrix[:, known])
        return self._with(items, data.ids, data)

    def score(self, query: Query) -> np.ndarray:
        fitted, liking = self._liked(query)
        if not len(fitted):
            return np.zeros(self._align.size, np.float32)
        return self._align.live(np.maximum(self._factors @ self._point(fitted, liking), 0.0).astype(np.float32))

    def evidence(self, query: Query, position: int) -> int | None:
        """The liked item whose part in the customer's point adds most, by y_j' A^-1 l_i y_i."""
        column = self._align.fitted([position])[0]
        fitted, liking = self._liked(query)
        if column < 0 or not len(fitted):
            return None
        shares = liking * (self._factors[fitted] @ np.linalg.solve(self._normal(fitted, liking), self._factors[column]))
        known = query.positions[self._align.fitted(query.positions) >= 0]
        best = int(shares.argmax())
        rest = np.delete(np.arange(len(fitted)), best)
        without = self._factors[column] @ self._point(fitted[rest], liking[rest]) if len(rest) else 0.0
        with_it = self._factors[column] @ self._point(fitted, liking)
        return int(known[best]) if shares[best] > 0 and with_it > max(without, 0.0) else None

    def state(self) -> dict[str, np.ndarray]:
        return {"items": self._items, "factors": self._factors}

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Factors:
        return self._with(state["factors"], state["items"], data)

    def _with(self, factors: np.ndarray, items: np.ndarray, data: Dataset) -> Factors:
        self._factors, self._items, self._align = factors, items, Alignment(items, data.ids)
        self._gram = factors.T @ factors + RIDGE * np.eye(factors.shape[1], dtype=np.float32)
        return self

    def _fitted(self, matrix) -> np.ndarray:
        """(known items, factors). The library is imported here: serving needs only its result."""
        from implicit.als import AlternatingLeastSquares
        from implicit.bpr import BayesianPersonalizedRanking

        common = {"factors": self.factors, "iterations": self.iterations, "random_state": 0, "num_threads": 1}
        if self.name == "bpr":
            model = BayesianPersonalizedRanking(**common | {"iterations": 7 * self.iterations}, regularization=0.01)
            model.fit(matrix, show_progress=False)
            return model.item_factors[:, :-1]  # the last is the item's bias: the blend has popularity of its own
        model = AlternatingLeastSquares(**common, alpha=ALPHA, regularization=RIDGE)
        model.fit(matrix, show_progress=False)
        return model.item_factors

    def _liked(self, query: Query) -> tuple[np.ndarray, np.ndarray]:
        fitted = self._align.fitted(query.positions)
        known = fitted >= 0
        return fitted[known], (query.weights * decay(query.ages, HALF_LIFE))[known].astype(np.float32)

    def _normal(self, fitted: np.ndarray, liking: np.ndarray) -> np.ndarray:
        rows = self._factors[fitted]
        return self._gram + ALPHA * (rows * liking[:, None]).T @ rows

    def _point(self, fitted: np.ndarray, liking: np.ndarray) -> np.ndarray:
        return np.linalg.solve(self._normal(fitted, liking), (1 + ALPHA) * (liking @ self._factors[fitted]))
