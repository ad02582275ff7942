"""What is due again: how likely each thing that the customer has is chosen anew on this visit, learned from all customers' visits.

Repurchase as Benson, Kumar and Tomkins ("Modeling User Consumption Sequences", WWW 2016) and Hu et al. (TIFU-kNN, SIGIR 2020) describe it:
how often and how regularly the customer had it, the time since beside their usual interval, how often others come back for it, and
whether it still sells. A logistic regression with hinges, so that a quantity's effect may bend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from recommender import evaluate
from recommender.contract import Query, foremost
from recommender.dataset import Alignment, Dataset
from recommender.pool import Case, cases
from recommender.popularity import Popularity

KNOTS = (0.25, 0.5, 0.75)  # quantiles at which an effect may bend
SHRINK = 20.0  # visits' worth of doubt about how often an item is chosen again
USERS = 2000  # customers learned from
LEAST = 50  # of them that there must be
RIDGE = 1.0  # inverse strength of the regression's penalty
SALES = {"now": 14.0, "lately": 3.0, "ever": 365.0}  # half-lives, days


class Due:
    name = "due"

    def __init__(self) -> None:
        self._sales: dict[str, Popularity] = {}  # by the calendar, as rhythms are

    def fit(self, data: Dataset) -> Due:
        self._items, self._knots, self._weights = data.ids, np.zeros((0, 0)), np.zeros(0)
        self._sales = {name: Popularity(name, half_life, np.inf).fit(data) for name, half_life in SALES.items()}
        kept, held = evaluate.leave_last_out(data.interactions, new=False)
        past, future = replace(data, interactions=kept, baskets=None), replace(data, interactions=held)
        users = np.intersect1d(future.events["user"], past.events["user"])
        users = np.intersect1d(users, data.users[data.settled])
        chosen = np.random.default_rng(0).permutation(users)[:USERS]
        learning = cases(past, future, chosen, again=True)
        self._rate = self._fitted_rate = again_rate(learning, len(data.items))
        if len(learning) >= LEAST:
            self._learn(learning)
        return self

    def _learn(self, learning: list[Case]) -> None:
        rows = np.concatenate([self._features(case.query) for case in learning])
        again = np.concatenate([np.isin(case.query.positions, list(case.wanted)) for case in learning])
        if again.any() and not again.all():
            self._knots = np.quantile(rows, KNOTS, axis=0)
            basis = hinges(rows, self._knots)
            mean, spread = basis.mean(axis=0), basis.std(axis=0)
            scale = np.where(spread > 1e-6, 1 / np.maximum(spread, 1e-6), 0.0)  # what never varies tells nothing
            from sklearn.linear_model import LogisticRegression  # serving does without it

            model = LogisticRegression(C=RIDGE, max_iter=500).fit((basis - mean) * scale, again)
            weights = model.coef_[0] * scale
            self._weights = np.append(weights, model.intercept_[0] - mean @ weights)

    def score(self, query: Query) -> np.ndarray:
        scores = np.zeros(len(self._rate), np.float32)
        if len(query.positions) and len(self._weights):
            basis = hinges(self._features(query), self._knots)
            scores[query.positions] = 1 / (1 + np.exp(-(basis @ self._weights[:-1] + self._weights[-1])))
        return scores

    def score_at(self, query: Query, at: np.ndarray) -> np.ndarray:
        return self.score(query)[at]

    def leading(self, query: Query, k: int, allowed: np.ndarray, new: np.ndarray) -> np.ndarray:
        return foremost(query.positions, self.score(query)[query.positions], k, allowed, new)

    def evidence(self, query: Query, position: int) -> int | None:
        return int(position) if position in query.positions and len(self._weights) else None

    def state(self) -> dict[str, np.ndarray]:
        sales = {f"{name}_{key}": value for name, scorer in self._sales.items() for key, value in scorer.state().items()}
        return {"items": self._items, "rate": self._fitted_rate, "knots": self._knots, "weights": self._weights, **sales}

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Due:
        self._items, self._fitted_rate = state["items"], state["rate"]
        self._knots, self._weights = state["knots"], state["weights"]
        self._rate = Alignment(self._items, data.ids).live(self._fitted_rate)
        for name, half_life in SALES.items():
            own = {key.removeprefix(f"{name}_"): value for key, value in state.items() if key.startswith(f"{name}_")}
            self._sales[name] = Popularity(name, half_life, np.inf).restore(own, data)
        return self

    def _features(self, query: Query) -> np.ndarray:
        """(history items, features) of each item of the history, at the moment asked for."""
        ages = np.floor(query.ages).astype(np.float64)
        times = np.ones(len(ages)) if query.times is None else query.times.astype(np.float64)
        first = ages if query.first is None else np.floor(query.first).astype(np.float64)
        visits = np.unique(np.concatenate([ages, first]))  # the days they came, as ages, newest first
        missed, chances = np.searchsorted(visits, ages), np.searchsorted(visits, first) + 1.0
        interval = np.maximum(first - ages, 1.0) / np.maximum(times - 1, 1.0)
        late = np.where(times > 1, np.log1p(ages - ages.min()) - np.log1p(interval), 0.0)
        sales = {name: np.log1p(scorer.score(query)[query.positions]) for name, scorer in self._sales.items()}
        columns = (
            np.log(times), times > 1, np.log(np.minimum(times / chances, 1.0)), np.log1p(missed), missed == 0, np.log1p(ages), late,
            np.log(np.maximum(self._rate[query.positions], 1e-4)), sales["now"], sales["lately"], sales["now"] - sales["ever"],
            np.full(len(ages), np.log(len(visits))), np.full(len(ages), np.log(len(ages) / len(visits))),
        )  # fmt: skip
        return np.stack(columns, axis=1).astype(np.float64)


def hinges(rows: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Each feature as it is, and how far it lies above each of its `knots` (knots, features)."""
    return np.concatenate([rows, *(np.maximum(rows - knot, 0.0) for knot in knots)], axis=1)


def again_rate(learning: list[Case], size: int) -> np.ndarray:
    """(size,) float32: the share of customers who had an item that choose it on their next visit, shrunk to that of all items."""
    had, chosen = np.zeros(size), np.zeros(size)
    for case in learning:
        had[case.query.positions] += 1
        chosen[np.intersect1d(case.query.positions, list(case.wanted))] += 1
    share = chosen.sum() / max(had.sum(), 1.0)
    return ((chosen + SHRINK * share) / (had + SHRINK)).astype(np.float32)
