"""One score from many: a weighted sum of scorers, each the root of its share of its best item, with weights by how much the customer's
history tells and by how well the item is known: an item with little history leans on its texts by itself. The sum keeps every scorer's
part visible; the root keeps one strong favourite from drowning the rest. Where trees rank better (`trees.py`), they rank its first items
anew."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from recommender.chance import Chance
from recommender.content import Likeness, in_one_go
from recommender.contract import Query, Scorer
from recommender.trees import DEPTH, Trees, context_of

Weights = Mapping[str, float]
Parts = Mapping[str, np.ndarray]  # scorer -> (n_items,)

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
    may be shown. Without `rare` weights, those for known items hold for all. `trees`: rank anew what may be had again.
    `chance`: raises what nobody had.
    """

    scorers: Mapping[str, Scorer]
    confidence: np.ndarray
    weights: tuple[Weights, ...] = field(default=DEFAULTS)
    again: tuple[Weights, ...] = field(default=DEFAULTS_AGAIN)
    rare: tuple[Weights, ...] | None = None
    again_rare: tuple[Weights, ...] | None = None
    trees: Trees | None = None
    chance: Chance | None = None

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

    def personal_parts(self, query: Query, weighed: Query | None = None, allowed: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """As `parts`, with the weights for this customer (or for `weighed`), and for each item those for how well it is known. Of the
        `allowed` (n_items,) items, the first are ranked anew where there are trees for that."""
        weighed = weighed or query
        shares, scaled = self.shares(query, weighed, self.trees.names if self.anew(weighed) else ())
        return self._raised(self._ranked_anew(shares, scaled, weighed, allowed) if self.anew(weighed) and shares else shares, query)

    def shares(self, query: Query, weighed: Query, also: Sequence[str] = ()) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Each scorer's share of the weighted sum, and the scaled scores that it comes from; `also` those of scorers without weight."""
        known, rare = self.both(weighed)
        weights = {**dict.fromkeys(also, 0.0), **self.personal(weighed)}
        wanted = {name: weight for name, weight in weights.items() if name in self.scorers and (weight > 0 or name in also)}
        read = in_one_go([scorer for name in wanted if isinstance(scorer := self.scorers[name], Likeness)], query)
        shares, everything = {}, {}
        for name, weight in wanted.items():
            if (scaled := self.scaled(name, query, POWER, read.get(name))) is not None:
                least, most = (weight, weight) if name in SAID else (rare.get(name, 0.0), known.get(name, 0.0))
                everything[name] = scaled
                if weight > 0:
                    shares[name] = scaled * between(least, most, self.confidence)
        return shares, everything

    def anew(self, query: Query) -> bool:
        """Whether trees rank for this customer."""
        return self.trees is not None and query.again and len(query.positions) >= BUCKETS[2]

    def _ranked_anew(self, shares: Parts, everything: Parts, query: Query, allowed: np.ndarray | None) -> dict[str, np.ndarray]:
        """The shares with the trees' contributions for the first DEPTH items; those of the others, made smaller, rank them below."""
        names, size = self.trees.names, len(self.confidence)
        at, nothing = first(sum(shares.values()), allowed), np.zeros(size, np.float32)
        scores, parts = (np.stack([some.get(name, nothing)[at] for name in names], axis=1) for some in (everything, shares))
        found = self.trees.contributions(scores, parts, context_of(len(query.positions), query.ages.min()))
        learned = [share for name, share in shares.items() if name not in SAID]
        rest = np.delete(sum(learned, nothing), at).max(initial=0.0)
        smaller = np.float32(min(found.sum(axis=1).min(initial=np.inf) / rest, 1.0)) if rest > 0 else np.float32(1.0)
        anew = {name: share for name, share in shares.items() if name in SAID}
        for k, name in enumerate(names):
            anew[name] = shares[name] * smaller if name in shares else np.zeros(size, np.float32)
            anew[name][at] = found[:, k]
        return anew

    def _raised(self, parts: dict[str, np.ndarray], query: Query) -> dict[str, np.ndarray]:
        """The parts with what nobody had raised on the scale of the other items; what was said counts as much for both."""
        learned = [name for name in parts if name not in SAID]
        if self.chance is None or not learned or not len(query.positions):
            return parts
        total = sum(parts[name] for name in learned)
        factor = self.chance.factor(total, query.positions[:0] if query.again else query.positions)
        return parts if factor is None else {name: part * factor if name in learned else part for name, part in parts.items()}

    def scaled(self, name: str, query: Query, power: float = POWER, scores: np.ndarray | None = None) -> np.ndarray | None:
        """A scorer's scores (or those given) between 0 and 1, that of the best item it could recommend, or None if it knows nothing. Text
        counts more for an item nobody knows. What was said is not bent by `power`: its likeness is its likeness."""
        scores = np.maximum(self.scorers[name].score(query) if scores is None else scores, np.float32(0))
        best = _best_new(scores, query)
        if best <= 0:
            return None
        scores /= best  # in place from here on: making arrays takes longer than filling them
        np.minimum(scores, np.float32(1), out=scores)
        if power != 1.0 and name not in SAID:
            np.sqrt(scores, out=scores) if power == 0.5 else np.power(scores, power, out=scores)
        if name in TEXTUAL:
            scores *= self._boost
        return scores

    @cached_property
    def _boost(self) -> np.ndarray:
        """(n_items,) what likeness of text counts for."""
        return 1 + np.float32(COLD_BOOST) * (1 - self.confidence.astype(np.float32))


def _best_new(scores: np.ndarray, query: Query) -> np.float32:
    """The best score of an item that may be recommended; where all those have none, of any."""
    if query.again or not len(query.positions):
        return scores.max(initial=0)
    own = scores[query.positions]
    scores[query.positions] = 0
    best = scores.max(initial=0)
    scores[query.positions] = own
    return best or own.max()


def first(total: np.ndarray, allowed: np.ndarray | None = None, most: int = DEPTH) -> np.ndarray:
    """The positions of the `most` best allowed items, in any order."""
    masked = total if allowed is None else np.where(allowed, total, -np.inf)
    best = np.argpartition(-masked, most)[:most] if most < len(masked) else np.arange(len(masked))
    return best[masked[best] > -np.inf]


def between(least: float | np.ndarray, most: float | np.ndarray, known: np.ndarray) -> np.ndarray:
    """Weights from `least`, for items that nobody knows, to `most`, for those `known` (n_items,) best."""
    same = least == most if isinstance(least, float) else np.array_equal(least, most)
    return np.float32(most) if same else np.float32(least) + np.float32(most - least) * known


def confidence(support: np.ndarray) -> np.ndarray:
    """From the number of users each item has, how far collaborative scorers can be trusted with it: 0 for none, 1 for the most."""
    return (np.log1p(support) / max(np.log1p(support.max(initial=0)), 1e-9)).astype(np.float32)
