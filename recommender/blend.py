"""One score from many: a weighted sum of scorers, each the root of its share of its best item, with weights by how much the customer's
history tells and by how well the item is known: an item with little history leans on its texts by itself. The sum keeps every scorer's
part visible; the root keeps one strong favourite from drowning the rest."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from recommender.contract import Query, Scorer

Weights = Mapping[str, float]

# Weights of these are learned and sum to 1: for what is new to the customer, and where what they have may be shown again.
LEARNED = ("ease", "next", "itemknn", "content", "terms", "popularity", "trending", "fresh")
AGAIN = ("again", "habit", "due", "ease", "itemknn", "content", "terms", "popularity", "trending", "fresh")
BUCKETS = (0, 1, 3, 10)  # a history of at least so many items
DEFAULTS: tuple[Weights, ...] = (
    {"popularity": 1.0},
    {"ease": 0.3, "next": 0.05, "itemknn": 0.05, "content": 0.15, "terms": 0.15, "popularity": 0.2, "trending": 0.05, "fresh": 0.05},
    {"ease": 0.4, "next": 0.1, "itemknn": 0.05, "content": 0.1, "terms": 0.1, "popularity": 0.1, "trending": 0.1, "fresh": 0.05},
    {"ease": 0.4, "next": 0.15, "itemknn": 0.05, "content": 0.05, "terms": 0.1, "popularity": 0.05, "trending": 0.15, "fresh": 0.05},
)
DEFAULTS_AGAIN: tuple[Weights, ...] = (
    {"popularity": 1.0},
    {"again": 0.2, "habit": 0.2, "ease": 0.2, "content": 0.1, "terms": 0.1, "popularity": 0.1, "trending": 0.1},
    {"again": 0.3, "habit": 0.25, "ease": 0.15, "content": 0.05, "terms": 0.1, "popularity": 0.05, "trending": 0.1},
    {"again": 0.3, "habit": 0.3, "ease": 0.1, "content": 0.05, "terms": 0.1, "popularity": 0.05, "trending": 0.1},
)
# What is said now outweighs what was done before; what was said before weighs less. Data hold neither, so these are not learned.
SAID: Weights = {"text": 1.5, "interest": 0.35}
SIMILAR: Weights = {"content": 1.0, "category": 0.6, "itemknn": 0.2, "ease": 0.1, "text": 0.7}
COMPLEMENT: Weights = {"copurchase": 1.0, "ease": 0.3, "content": 0.15, "popularity": 0.05}

POWER = 0.5  # of the scaled scores in a personal ranking
TEXTUAL = ("content", "terms")
COLD_BOOST = 0.5  # how much more the text of an item nobody knows yet counts


@dataclass(frozen=True, eq=False)
class Blend:
    """`scorers` by name; `weights`, one mapping for each of BUCKETS, for the best-known items, and `rare` for items that nobody had;
    between them `confidence` (n_items,), in [0, 1], says how well each item is known. `again`, `again_rare`: where what the customer has
    may be shown. Without `rare` weights, those for known items hold for all.
    """

    scorers: Mapping[str, Scorer]
    confidence: np.ndarray
    weights: tuple[Weights, ...] = field(default=DEFAULTS)
    again: tuple[Weights, ...] = field(default=DEFAULTS_AGAIN)
    rare: tuple[Weights, ...] | None = None
    again_rare: tuple[Weights, ...] | None = None

    def personal(self, query: Query) -> Weights:
        """The weights for a customer with this history, and for what they say; of a scorer's two, the larger."""
        known, rare = self.both(query)
        return {**{name: max(known.get(name, 0.0), rare.get(name, 0.0)) for name in {**known, **rare}}, **SAID}

    def both(self, query: Query) -> tuple[Weights, Weights]:
        """What is learned for a customer with this history: for the best-known items, and for those that nobody had."""
        bucket = bisect_right(BUCKETS, len(query.positions)) - 1
        known, rare = (self.again, self.again_rare) if query.again else (self.weights, self.rare)
        return known[bucket], (rare or known)[bucket]

    def parts(self, query: Query, weights: Weights, power: float = 1.0) -> dict[str, np.ndarray]:
        """Each scorer's share of the score, (n_items,) float32; the score is their sum. Scorers with nothing to say are left out."""
        shares = {}
        for name, weight in weights.items():
            if weight > 0 and name in self.scorers and (scaled := self.scaled(name, query, power)) is not None:
                shares[name] = np.float32(weight) * scaled
        return shares

    def personal_parts(self, query: Query, weighed: Query | None = None) -> dict[str, np.ndarray]:
        """As `parts`, with the weights for this customer (or for `weighed`), and for each item those for how well it is known."""
        known, rare = self.both(weighed or query)
        shares = {}
        for name, weight in self.personal(weighed or query).items():
            if weight > 0 and name in self.scorers and (scaled := self.scaled(name, query, POWER)) is not None:
                least, most = (weight, weight) if name in SAID else (rare.get(name, 0.0), known.get(name, 0.0))
                shares[name] = scaled * between(least, most, self.confidence)
        return shares

    def scaled(self, name: str, query: Query, power: float = POWER) -> np.ndarray | None:
        """A scorer's scores between 0 and 1, that of the best item it could recommend, or None if it knows nothing. Text counts more
        for an item nobody knows. What was said is not bent by `power`: its likeness is its likeness."""
        scores = np.maximum(self.scorers[name].score(query), 0.0)
        best = scores.max(initial=0.0)
        if best > 0 and not query.again and len(query.positions):
            rest = scores.copy()
            rest[query.positions] = 0.0
            best = rest.max() or best
        if best <= 0:
            return None
        scores = np.minimum(scores / best, 1.0)
        if power != 1.0 and name not in SAID:
            scores = np.sqrt(scores) if power == 0.5 else scores**power
        return scores * (1 + COLD_BOOST * (1 - self.confidence)) if name in TEXTUAL else scores


def between(least: float | np.ndarray, most: float | np.ndarray, known: np.ndarray) -> np.ndarray:
    """Weights from `least`, for items that nobody knows, to `most`, for those `known` (n_items,) best."""
    return np.float32(most) if np.array_equal(least, most) else np.float32(least) + np.float32(most - least) * known


def confidence(support: np.ndarray) -> np.ndarray:
    """From the number of users each item has, how far collaborative scorers can be trusted with it: 0 for none, 1 for the most."""
    return (np.log1p(support) / max(np.log1p(support.max(initial=0)), 1e-9)).astype(np.float32)
