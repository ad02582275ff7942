"""Learns the blend's weights on held-out last days, and measures what they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from recommender import evaluate
from recommender.blend import BUCKETS, DEFAULTS, LEARNED, Blend, Weights, confidence
from recommender.contract import Query
from recommender.dataset import Dataset
from recommender.query import DAY, HISTORY_ITEMS
from recommender.scorers import SCORERS

USERS = 800  # held-out users that are looked at
CANDIDATES = 60  # items of each scorer's top that compete
ENOUGH = 60  # cases a bucket needs before the defaults give way
STEPS = (0.0, 0.03, 0.07, 0.15, 0.25, 0.4, 0.6, 0.9)
PASSES = 3


@dataclass(frozen=True)
class Learned:
    """`weights` for each of BUCKETS; `metrics` on users that the weights were not learned from: recall@10 and ndcg@10 of the blend and
    of popularity alone, and how many users that were (0: too few data to say)."""

    weights: tuple[Weights, ...]
    metrics: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Case:
    """A held-out customer: what they liked before, what they went on to like (catalogue positions), and what to leave out."""

    query: Query
    wanted: frozenset[int]
    owned: np.ndarray


@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates of many cases in arrays: scorers' scaled scores (cases, scorers, candidates), which candidates are wanted
    (cases, candidates), and how many are wanted in all (cases,)."""

    scores: np.ndarray
    wanted: np.ndarray
    goals: np.ndarray


def learn(data: Dataset, seed: int = 7) -> Learned:
    """Fits the scorers without each user's last day and searches for the weights that find it again.

    Half of the held-out users choose the weights, the other half say how good they are. With few data the defaults stand.
    """
    kept, held = evaluate.leave_last_out(data.interactions)
    past = replace(data, interactions=kept, baskets=None)
    cases = _cases(past, replace(data, interactions=held), np.random.default_rng(seed))
    if len(cases) < 2 * ENOUGH:
        return Learned(DEFAULTS, _metrics(past, cases, DEFAULTS) if cases else {"users": 0})
    blend = Blend({name: SCORERS[name]().fit(past) for name in LEARNED}, confidence(past.support))
    choosing, judging = cases[::2], cases[1::2]
    weights = [DEFAULTS[0]]
    for lower, upper, default in zip(BUCKETS[1:], (*BUCKETS[2:], HISTORY_ITEMS), DEFAULTS[1:], strict=True):
        shortened = [_shorten(case, upper - 1) for case in choosing if len(case.query.positions) >= lower]
        weights.append(search(_pool(blend, shortened), default) if len(shortened) >= ENOUGH else default)
    return Learned(tuple(weights), _metrics(past, judging, tuple(weights), blend))


def search(pool: Pool, start: Weights) -> Weights:
    """Coordinate search for the weights with the best mean NDCG@10; they sum to 1."""
    best = np.array([start[name] for name in LEARNED], np.float32)
    value = mean_ndcg(pool, best)
    for _ in range(PASSES):
        before = value
        for k in range(len(LEARNED)):
            for step in STEPS:
                trial = best.copy()
                trial[k] = step
                if trial.sum() > 0 and (reached := mean_ndcg(pool, trial)) > value + 1e-5:
                    best, value = trial, reached
        best = best / best.sum()
        if value <= before:
            break
    return {name: round(float(weight), 4) for name, weight in zip(LEARNED, best, strict=True)}


def mean_ndcg(pool: Pool, weights: np.ndarray) -> float:
    """Mean NDCG@10 of the candidates ranked by the weighted sum of their scores."""
    total = np.einsum("k,uki->ui", weights, pool.scores)
    ranked = np.argsort(-total, axis=1, kind="stable")[:, : evaluate.K]
    discount = 1 / np.log2(np.arange(2, evaluate.K + 2))
    gain = (np.take_along_axis(pool.wanted, ranked, axis=1) * discount[: ranked.shape[1]]).sum(axis=1)
    ideal = np.cumsum(discount)[np.minimum(pool.goals, evaluate.K) - 1]
    return float((gain / ideal).mean())


def _cases(past: Dataset, future: Dataset, rng: np.random.Generator) -> list[Case]:
    zero = np.zeros(past.vectors.shape[1], np.float32)
    ahead = dict(iter(future.events.groupby("user")))
    users = np.intersect1d(np.array(list(ahead), np.int64), past.events["user"].unique())
    chosen = rng.permutation(users)[:USERS]
    cases = []
    for user, rows in past.events[past.events["user"].isin(chosen)].groupby("user"):
        at = float(ahead[user]["seconds"].min())
        liked = rows.groupby("column").agg(weight=("weight", "sum"), seconds=("seconds", "max")).sort_values("seconds", kind="stable")
        newest = liked.tail(HISTORY_ITEMS)
        ages = np.maximum(at - newest["seconds"].to_numpy(), 0) / DAY
        weights = np.minimum(newest["weight"].to_numpy(), 1.0).astype(np.float32)
        query = Query(newest.index.to_numpy(), weights, ages.astype(np.float32), zero, zero, at)
        cases.append(Case(query, frozenset(ahead[user]["column"]), liked.index.to_numpy()))
    return [cases[k] for k in rng.permutation(len(cases))]


def _shorten(case: Case, most: int) -> Case:
    """The case as if only the newest `most` items were known of the customer."""
    query = case.query
    return replace(case, query=replace(query, positions=query.positions[-most:], weights=query.weights[-most:], ages=query.ages[-most:]))


def _pool(blend: Blend, cases: list[Case]) -> Pool:
    width = CANDIDATES * len(LEARNED)
    scores = np.zeros((len(cases), len(LEARNED), width), np.float32)
    wanted = np.zeros((len(cases), width), bool)
    for row, case in enumerate(cases):
        parts = [blend.scaled(name, case.query) for name in LEARNED]
        parts = np.stack([np.zeros(len(blend.confidence), np.float32) if part is None else part for part in parts])
        parts[:, case.owned] = 0.0
        tops = np.argsort(-parts, axis=1, kind="stable")[:, :CANDIDATES]
        candidates = np.setdiff1d(np.unique(tops), case.owned)
        scores[row, :, : len(candidates)] = parts[:, candidates]
        wanted[row, : len(candidates)] = [candidate in case.wanted for candidate in candidates]
    return Pool(scores, wanted, np.array([len(case.wanted) for case in cases]))


def _metrics(past: Dataset, cases: list[Case], weights: tuple[Weights, ...], blend: Blend | None = None) -> dict[str, float]:
    blend = blend or Blend({name: SCORERS[name]().fit(past) for name in LEARNED}, confidence(past.support))
    blend = replace(blend, weights=weights)
    found: dict[str, list[float]] = {}
    for case in cases:
        totals = {
            "": sum(blend.parts(case.query, blend.personal(case.query)).values()),
            "popularity_": blend.scorers["popularity"].score(case.query),
        }
        for prefix, total in totals.items():
            total = np.array(np.broadcast_to(total, past.ids.shape), np.float32)
            total[case.owned] = -np.inf
            ranked = np.argsort(-total, kind="stable")[: evaluate.K].tolist()
            found.setdefault(f"{prefix}recall", []).append(evaluate.recall(ranked, case.wanted))
            found.setdefault(f"{prefix}ndcg", []).append(evaluate.ndcg(ranked, case.wanted))
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()} | {"users": len(cases)}
