"""One score from many: a weighted sum of scorers, each scaled to its best item, with weights by how much the customer's history tells."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from recommender.contract import Query, Scorer

Weights = Mapping[str, float]

LEARNED = ("ease", "itemknn", "content", "popularity")  # weights of these are learned and sum to 1
BUCKETS = (0, 1, 3, 10)  # a history of at least so many items
DEFAULTS: tuple[Weights, ...] = (
    {"ease": 0.0, "itemknn": 0.0, "content": 0.0, "popularity": 1.0},
    {"ease": 0.3, "itemknn": 0.15, "content": 0.35, "popularity": 0.2},
    {"ease": 0.4, "itemknn": 0.15, "content": 0.25, "popularity": 0.2},
    {"ease": 0.5, "itemknn": 0.15, "content": 0.15, "popularity": 0.2},
)
# What is said now outweighs what was done before; what was said before weighs less. Data hold neither, so these are not learned.
SAID: Weights = {"text": 1.5, "interest": 0.35}
SIMILAR: Weights = {"content": 1.0, "category": 0.6, "itemknn": 0.2, "ease": 0.1, "text": 0.7}
COMPLEMENT: Weights = {"copurchase": 1.0, "ease": 0.3, "content": 0.15, "popularity": 0.05}

DOUBT = 5.0  # users; an item with so many is half known
COLD_BOOST = 0.5  # how much more the text of an item nobody knows yet counts


@dataclass(frozen=True, eq=False)
class Blend:
    """`scorers` by name; `weights`, one mapping for each of BUCKETS; `confidence` (n_items,) in [0, 1): how well each item is known."""

    scorers: Mapping[str, Scorer]
    confidence: np.ndarray
    weights: tuple[Weights, ...] = field(default=DEFAULTS)

    def personal(self, query: Query) -> Weights:
        """The weights for a customer with this history, and for what they say."""
        bucket = bisect_right(BUCKETS, len(query.positions)) - 1
        return {**self.weights[bucket], **SAID}

    def parts(self, query: Query, weights: Weights) -> dict[str, np.ndarray]:
        """Each scorer's share of the score, (n_items,) float32; the score is their sum. Scorers with nothing to say are left out."""
        shares = {}
        for name, weight in weights.items():
            if weight > 0 and name in self.scorers and (scaled := self.scaled(name, query)) is not None:
                shares[name] = np.float32(weight) * scaled
        return shares

    def scaled(self, name: str, query: Query) -> np.ndarray | None:
        """A scorer's scores between 0 and its best item's 1 (text counts more for an item nobody knows), or None if it knows nothing."""
        scores = np.maximum(self.scorers[name].score(query), 0.0)
        best = scores.max(initial=0.0)
        if best <= 0:
            return None
        scores = scores / best
        return scores * (1 + COLD_BOOST * (1 - self.confidence)) if name == "content" else scores


def confidence(support: np.ndarray) -> np.ndarray:
    """From the number of users an item has, how far collaborative scorers can be trusted with it."""
    return (support / (support + DOUBT)).astype(np.float32)
