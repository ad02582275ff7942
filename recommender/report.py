"""What a training reports about itself: accuracy by history, learning curve, popularity bias, coverage, diversity, calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recommender import evaluate
from recommender.blend import Blend
from recommender.dataset import Dataset
from recommender.learn import Learned, top
from recommender.pool import Case, cases
from recommender.scorers import SCORERS, fit_all

LENGTHS = ((1, 1), (2, 3), (4, 9), (10, 10_000))  # items known of a customer
SHARES = (0.25, 0.5, 0.75, 1.0)  # of the customers that a learning curve's models are fitted on
PEERS = ("popularity", "content", "ease", "itemknn")
CASES = 300  # customers who are looked at
DECILES = 10

Ranked = Sequence[int]  # catalogue positions, best first


@dataclass(frozen=True)
class Report:
    """`accuracy`: name -> NDCG@10 for each of LENGTHS; `sizes`: customers of each. `curve`: name -> NDCG@10 for each of SHARES. `bias`:
    name -> share of what is shown by tenth of the catalogue, most popular first. `coverage`, `diversity`: name -> value in [0, 1].
    `calibration`: (mean share predicted, share found) by tenth of the scores. `categories`: miscalibration, Kullback-Leibler divergence
    of shown categories from the customer's own (Steck, RecSys 2018)."""

    customers: int
    accuracy: dict[str, list[float | None]]
    sizes: list[int]
    curve: dict[str, list[float]]
    bias: dict[str, list[float]]
    coverage: dict[str, float]
    diversity: dict[str, float]
    calibration: list[tuple[float, float]]
    categories: dict[str, float]


def measure(data: Dataset, learned: Learned, seed: int = 7) -> Report:
    """Of the model just learned, on customers' last days, which the models here do not see."""
    kept, held = evaluate.leave_last_out(data.interactions)
    past, future = replace(data, interactions=kept, baskets=None), replace(data, interactions=held, baskets=None)
    users = np.random.default_rng(seed).permutation(np.intersect1d(future.events["user"], past.events["user"]))[:CASES]
    judging = cases(past, future, users)
    blend = _fitted(past, learned)
    lists = {name: [rank(case) for case in judging] for name, rank in _rankers(blend).items()}
    reached = {
        name: np.array([evaluate.ndcg(r, case.wanted) for r, case in zip(ranked, judging, strict=True)]) for name, ranked in lists.items()
    }
    known = np.array([len(case.query.positions) for case in judging])
    groups = [(known >= low) & (known <= high) for low, high in LENGTHS]
    return Report(
        customers=len(judging),
        accuracy={name: [float(values[group].mean()) if group.any() else None for group in groups] for name, values in reached.items()},
        sizes=[int(group.sum()) for group in groups],
        curve=_curve(past, learned, judging, seed),
        bias={"customers' own choices": _tenths(past, [list(case.wanted) for case in judging])}
        | {name: _tenths(past, ranked) for name, ranked in lists.items() if name in ("blend", "popularity")},
        coverage={name: evaluate.coverage(ranked, len(data.items)) for name, ranked in lists.items()},
        diversity={name: _diversity(data.vectors, ranked) for name, ranked in lists.items()},
        calibration=_calibration(blend, judging),
        categories={name: _miscalibration(past, judging, ranked) for name, ranked in lists.items()},
    )


def _fitted(past: Dataset, learned: Learned) -> Blend:
    return learned.blend(fit_all(past, learned.tuning, (*SCORERS, *learned.further)), past.support)


def _rankers(blend: Blend) -> dict[str, Callable[[Case], Ranked]]:
    def blended(case: Case) -> Ranked:
        return top(_total(blend, case), case.owned)

    def alone(name: str) -> Callable[[Case], Ranked]:
        return lambda case: top(blend.scorers[name].score(case.query), case.owned)

    return {"blend": blended} | {name: alone(name) for name in PEERS if name in blend.scorers}


def _total(blend: Blend, case: Case) -> np.ndarray:
    return sum(blend.personal_parts(case.query).values(), np.zeros(len(blend.confidence), np.float32))


def _curve(past: Dataset, learned: Learned, judging: Sequence[Case], seed: int) -> dict[str, list[float]]:
    """Accuracy of models fitted on ever more customers. Who is judged stays the same."""
    order = np.random.default_rng(seed).permutation(past.users)
    reached: dict[str, list[float]] = {"blend": [], "popularity": []}
    for share in SHARES:
        some = order[: max(1, round(share * len(order)))]
        known = replace(past, interactions=past.interactions[past.interactions["user"].isin(some)])
        rankers = _rankers(_fitted(known, learned))
        for name, values in reached.items():
            values.append(float(np.mean([evaluate.ndcg(rankers[name](case), case.wanted) for case in judging] or [0.0])))
    return reached


def _tenths(past: Dataset, lists: Sequence[Ranked]) -> list[float]:
    """Share of all that is listed by tenth of the catalogue, most popular tenth first."""
    place = np.argsort(np.argsort(-past.support, kind="stable"), kind="stable")
    shown = Counter(min(int(place[item]) * DECILES // max(len(place), 1), DECILES - 1) for ranked in lists for item in ranked)
    return [shown[tenth] / max(shown.total(), 1) for tenth in range(DECILES)]


def _diversity(vectors: np.ndarray, lists: Sequence[Ranked]) -> float:
    """Mean distance (1 - cosine) between the items of a list."""
    found = []
    for ranked in lists:
        likeness = vectors[list(ranked)] @ vectors[list(ranked)].T
        pairs = len(ranked) * (len(ranked) - 1)
        if pairs:
            found.append(1 - (likeness.sum() - np.trace(likeness)) / pairs)
    return float(np.mean(found)) if found else 0.0


def _calibration(blend: Blend, judging: Sequence[Case]) -> list[tuple[float, float]]:
    """Of the items in the first ten places, by tenth of their scores: the share that the score stands for, in proportion to the mean, and
    the share that was chosen. Points on the diagonal mean that a score twice as high is right twice as often."""
    scores, found = [], []
    for case in judging:
        total = _total(blend, case)
        for item in top(total, case.owned):
            scores.append(float(total[item]))
            found.append(item in case.wanted)
    if not scores:
        return []
    values, right = np.array(scores), np.array(found, float)
    predicted = values / max(values.mean(), 1e-9) * right.mean()
    order = np.argsort(values, kind="stable")
    return [(float(predicted[rows].mean()), float(right[rows].mean())) for rows in np.array_split(order, DECILES) if len(rows)]


def _miscalibration(past: Dataset, judging: Sequence[Case], lists: Sequence[Ranked], smoothing: float = 0.01) -> float:
    codes, _ = _codes(past)
    divergences = []
    for case, ranked in zip(judging, lists, strict=True):
        if not len(ranked):
            continue
        own, shown = (np.bincount(codes[np.asarray(some, np.int64)], minlength=codes.max() + 1) for some in (case.query.positions, ranked))
        own, shown = own / own.sum(), shown / shown.sum()
        mixed = (1 - smoothing) * shown + smoothing * own
        held = own > 0
        divergences.append(float((own[held] * np.log(own[held] / mixed[held])).sum()))
    return float(np.mean(divergences)) if divergences else 0.0


def _codes(past: Dataset) -> tuple[np.ndarray, list[str]]:
    top_level = past.items["category"].fillna("").str.split(">").str[0].str.strip()
    names = sorted(set(top_level))
    return np.array([names.index(name) for name in top_level], np.int64), names
