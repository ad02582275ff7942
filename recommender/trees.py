"""A boosted ranker over what all scorers say: trees learned by LightGBM (Ke et al., NIPS 2017; Burges, "From RankNet to LambdaRank to
LambdaMART", 2010), kept as the boxes that their leaves are, so that serving needs numpy alone.

They see each scorer's scaled score, the weighted sum that the blend makes of them, and the question's context. No tree may fall where a
score rises. A scorer's contribution is its Shapley value (Lundberg and Lee, NIPS 2017) against the same question about an item of which no
scorer says anything, and of the sum's value its share of the sum: never below 0, and together the score.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import factorial
from typing import Any

import numpy as np

log = logging.getLogger("recommender")

CONTEXT = ("length", "absence")  # of the question: how many items they have, days since they last came, both as log(1 + x)
DEPTH = 100  # items, the best by the weighted sum, that are ranked anew
ROUNDS, LEAVES, RATE = 40, 31, 0.04
SETTINGS = {
    "objective": "lambdarank", "lambdarank_truncation_level": 20, "learning_rate": RATE, "num_leaves": LEAVES, "min_data_in_leaf": 100,
    "lambda_l2": 5.0, "max_bin": 63, "feature_fraction": 0.7, "bagging_fraction": 0.8, "bagging_freq": 1, "use_missing": False,
    "seed": 1, "deterministic": True, "num_threads": 1, "verbose": -1,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Trees:
    """`names` of the scorers, the first features; then come the sum and CONTEXT. `edges`: ascending thresholds of each feature, end to end,
    with `starts` (features + 1,). A leaf's box holds the bins from `low` to `high`, both included, (leaves, features) uint8, and adds
    `value` (leaves,)."""

    names: tuple[str, ...]
    edges: np.ndarray
    starts: np.ndarray
    low: np.ndarray
    high: np.ndarray
    value: np.ndarray

    def contributions(self, scores: np.ndarray, shares: np.ndarray, context: Sequence[float]) -> np.ndarray:
        """(n, scorers) float32 of n items, from their scaled `scores`, their `shares` of the weighted sum (both (n, scorers)), and the
        question's context."""
        total = shares.sum(axis=1, keepdims=True)
        found = self._shapley(np.concatenate([scores, total], axis=1), context)
        return (found[:, :-1] + found[:, -1:] * shares / np.maximum(total, 1e-9)).astype(np.float32)

    def total(self, scores: np.ndarray, shares: np.ndarray, context: Sequence[float]) -> np.ndarray:
        """(n,) what the contributions of each item sum to: by how much its leaves add more than those of an item of nothing."""
        size = len(self.names) + 1
        question = self._question(context)
        of_nothing = self._inside(np.zeros((1, size)), 0, question).all(axis=0)
        of_item = self._inside(np.concatenate([scores, shares.sum(axis=1, keepdims=True)], axis=1), 0, question).all(axis=0)
        return ((of_item.astype(float) - of_nothing) @ self.value[question]).astype(np.float32)

    def _shapley(self, scores: np.ndarray, context: Sequence[float]) -> np.ndarray:
        """(n, scorers + 1) values of the scores and their sum, (n, scorers + 1)."""
        count, size = scores.shape
        question = self._question(context)
        of_nothing = self._inside(np.zeros((1, size)), 0, question)[:, 0]
        of_item = self._inside(scores, 0, question)
        item, leaf = np.nonzero((of_item | of_nothing[:, None]).all(axis=0))  # the few leaves that some mixture of the two reaches
        of_item, of_nothing = of_item[:, item, leaf], of_nothing[:, leaf]
        gains, losses = of_item & ~of_nothing, of_nothing & ~of_item
        gained, lost = gains.sum(axis=0), losses.sum(axis=0)
        plus, minus = _shares(size)
        value = self.value[question][leaf]
        moved = value * plus[gained, lost] * gains - value * minus[gained, lost] * losses
        return np.stack([np.bincount(item, of_feature, count) for of_feature in moved], axis=1)

    def state(self) -> dict[str, np.ndarray]:
        return {name: getattr(self, name) for name in ("edges", "starts", "low", "high", "value")} | {"names": np.array(self.names)}

    def _question(self, context: Sequence[float]) -> np.ndarray:
        """Which leaves hold questions with this context, as positions."""
        every = np.arange(len(self.value))
        return np.flatnonzero(self._inside(np.asarray(context, float)[None, :], len(self.names) + 1, every)[:, 0].all(axis=0))

    def _inside(self, values: np.ndarray, first: int, leaves: np.ndarray) -> np.ndarray:
        """(features, n, leaves) whether the values (n, features) of the features from `first` on lie in these leaves' boxes."""
        bins = np.empty(values.shape[::-1], np.uint8)
        for k, column in enumerate(values.T):
            bins[k] = np.searchsorted(self.edges[self.starts[first + k] : self.starts[first + k + 1]], column)
        low, high = (np.ascontiguousarray(bounds[leaves, first : first + len(bins)].T)[:, None] for bounds in (self.low, self.high))
        return (bins[:, :, None] >= low) & (bins[:, :, None] <= high)


def restored(state: Mapping[str, np.ndarray]) -> Trees:
    return Trees(**{**state, "names": tuple(state["names"].tolist())})


def context_of(length: np.ndarray | float, absence: np.ndarray | float) -> np.ndarray:
    """CONTEXT as the last axis."""
    return np.log1p(np.stack(np.broadcast_arrays(np.asarray(length, float), np.asarray(absence, float)), axis=-1))


def grown(
    names: Sequence[str], scores: np.ndarray, shares: np.ndarray, context: np.ndarray, wanted: np.ndarray, present: np.ndarray
) -> Trees | None:
    """Trees that rank the wanted items of each question first; None where they find nothing to tell items apart by. `scores` and `shares`
    (questions, items, scorers), `context` (questions, CONTEXT), `wanted` and `present` (questions, items). The best item's score is about
    1."""
    try:
        import lightgbm
    except OSError as problem:  # its wheel expects the system to have libgomp
        log.warning("no trees were grown, the weighted sum ranks alone: LightGBM cannot be loaded (%s)", problem)
        return None
    useful = (wanted & present).any(axis=1)
    kept = present[useful]
    about = np.repeat(context[useful][:, None], scores.shape[1], axis=1)
    rows = np.concatenate([scores[useful], shares[useful].sum(axis=2, keepdims=True), about], axis=2)[kept]
    rising = [1] * (len(names) + 1) + [0] * len(CONTEXT)
    data = lightgbm.Dataset(rows, wanted[useful][kept].astype(np.int8), group=kept.sum(axis=1))
    model = lightgbm.train({**SETTINGS, "monotone_constraints": rising}, data, ROUNDS)
    leaves = [leaf for tree in model.dump_model()["tree_info"] for leaf in _leaves(tree["tree_structure"], {})]
    trees = _boxes(tuple(names), leaves)
    some = np.flatnonzero(useful)[:200]
    best = [trees.total(scores[k][present[k]], shares[k][present[k]], context[k]).max() for k in some]
    scale = float(np.mean(best)) if best else 0.0
    return replace(trees, value=trees.value / scale) if scale > 0 else None


Bounds = Mapping[int, tuple[float, float]]  # feature -> above, up to


def _leaves(node: Mapping[str, Any], bounds: Bounds) -> Iterator[tuple[Bounds, float]]:
    if "split_feature" not in node:
        yield bounds, node["leaf_value"]
        return
    feature, edge = node["split_feature"], node["threshold"]
    above, up_to = bounds.get(feature, (-np.inf, np.inf))
    yield from _leaves(node["left_child"], {**bounds, feature: (above, min(up_to, edge))})
    yield from _leaves(node["right_child"], {**bounds, feature: (max(above, edge), up_to)})


def _boxes(names: tuple[str, ...], leaves: Sequence[tuple[Bounds, float]]) -> Trees:
    features = len(names) + 1 + len(CONTEXT)
    edges = [sorted({edge for bounds, _ in leaves for edge in bounds.get(k, ()) if np.isfinite(edge)}) for k in range(features)]
    low, high = np.zeros((len(leaves), features), np.uint8), np.full((len(leaves), features), 255, np.uint8)
    for row, (bounds, _) in enumerate(leaves):
        for k, (above, up_to) in bounds.items():
            low[row, k] = 0 if above == -np.inf else edges[k].index(above) + 1
            high[row, k] = 255 if up_to == np.inf else edges[k].index(up_to)
    starts = np.cumsum([0, *(len(one) for one in edges)])
    return Trees(names, np.concatenate([np.array(one, float) for one in edges]), starts, low, high, np.array([v for _, v in leaves]))


@cache
def _shares(most: int) -> tuple[np.ndarray, np.ndarray]:
    """By how many features open a leaf to the item (a) and how many close it (b): each opening one's share of the leaf's value, and each
    closing one's: (a - 1)! b! / (a + b)! and a! (b - 1)! / (a + b)!."""
    opening, closing = np.zeros((most + 1, most + 1)), np.zeros((most + 1, most + 1))
    for a in range(most + 1):
        for b in range(most + 1 - a):
            opening[a, b] = factorial(a - 1) * factorial(b) / factorial(a + b) if a else 0.0
            closing[a, b] = factorial(a) * factorial(b - 1) / factorial(a + b) if b else 0.0
    return opening, closing
