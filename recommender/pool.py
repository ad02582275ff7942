"""Held-out customers as arrays: the ground on which weights are learned and rankings judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recommender import evaluate
from recommender.blend import Blend
from recommender.contract import Query, score_many
from recommender.dataset import Dataset
from recommender.query import DAY, HISTORY_ITEMS, habit

CANDIDATES = 60  # items of each scorer's top that compete
BLOCK = 64  # cases that are scored in one go, at most
SCORED = 2_000_000  # scores of each scorer that are held at a time, at most


@dataclass(frozen=True, eq=False)
class Case:
    """A held-out customer: what they liked before, what they went on to like (catalogue positions), what to leave out, and who it is."""

    query: Query
    wanted: frozenset[int]
    owned: np.ndarray
    user: int = -1


@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates of many cases in arrays: scorers' scaled scores (cases, scorers, candidates), which candidates are there and which
    are wanted (both cases, candidates), how many are wanted in all (cases,), and how well each candidate is known (cases, candidates)."""

    scores: np.ndarray
    present: np.ndarray
    wanted: np.ndarray
    goals: np.ndarray
    known: np.ndarray


def cases(past: Dataset, future: Dataset, users: np.ndarray, again: bool = False) -> list[Case]:
    """Of those of `users` who are in both; the question is put at the moment of their first event in `future`."""
    zero = np.zeros(past.vectors.shape[1], np.float32)
    ahead, before = _by_user(future, users), _by_user(past, users)
    found = []
    for user in sorted(ahead.keys() & before.keys()):
        at = float(ahead[user][1].min())
        columns, seconds, weights = before[user]
        order = np.argsort(seconds, kind="stable")
        columns, ages, weights = columns[order], np.maximum(at - seconds[order], 0) / DAY, weights[order]
        liking: dict[int, float] = {}
        youngest: dict[int, float] = {}
        days: dict[int, set[int]] = {}
        for column, age, weight in zip(columns.tolist(), ages.tolist(), weights.tolist(), strict=True):
            liking[column] = liking.pop(column, 0.0) + weight  # popped, so that the dictionary stays ordered by last event
            youngest[column] = age
            days.setdefault(column, set()).add(int(age))
        newest = list(liking)[-HISTORY_ITEMS:]
        query = Query(
            positions=np.array(newest, np.int64),
            weights=np.array([min(liking[column], 1.0) for column in newest], np.float32),
            ages=np.array([youngest[column] for column in newest], np.float32),
            text=zero,
            interest=zero,
            at=at,
            habits=np.array([habit(days[column]) for column in newest], np.float32),
            again=again,
            times=np.array([len(days[column]) for column in newest], np.float32),
            first=np.array([max(days[column]) for column in newest], np.float32),
        )
        owned = np.array([] if again else list(liking), np.int64)
        found.append(Case(query, frozenset(ahead[user][0].tolist()), owned, user))
    return found


def _by_user(data: Dataset, users: np.ndarray) -> dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """User -> columns, seconds and weights of their events; to themselves everybody counts fully."""
    rows = data.events[data.events["user"].isin(users)].sort_values("user", kind="stable")
    user = rows["user"].to_numpy()
    starts = np.flatnonzero(np.diff(user, prepend=user[:1] - 1))
    arrays = (
        rows["column"].to_numpy(),
        rows["seconds"].to_numpy(),
        rows["own"].to_numpy(),
    )
    ends = [*starts[1:], len(rows)][: len(starts)]
    return {int(user[start]): tuple(array[start:end] for array in arrays) for start, end in zip(starts, ends, strict=True)}


def shortened(case: Case, most: int) -> Case:
    """The case as if only the newest `most` items were known of the customer."""
    query = case.query
    start = max(len(query.positions) - most, 0)
    newest = {name: getattr(query, name)[start:] for name in ("positions", "weights", "ages", "habits", "times", "first")}
    return replace(case, query=replace(query, **newest))


def pool(blend: Blend, names: Sequence[str], chosen: Sequence[Case]) -> Pool:
    """Every scorer's best items of each case compete."""
    size = len(blend.confidence)
    top, width = min(CANDIDATES, size), min(CANDIDATES, size) * len(names)
    scores = np.zeros((len(chosen), len(names), width), np.float32)
    present, wanted = np.zeros((len(chosen), width), bool), np.zeros((len(chosen), width), bool)
    known = np.zeros((len(chosen), width), np.float32)
    block = int(np.clip(SCORED // max(size, 1), 1, BLOCK))
    for row, case in enumerate(chosen):
        if row % block == 0:  # many at once: going through a large catalogue once for each takes far longer
            queries = [one.query for one in chosen[row : row + block]]
            said = {name: score_many(blend.scorers[name], queries) for name in names if name in blend.scorers}
        parts = np.zeros((len(names), size), np.float32)
        for k, name in enumerate(names):
            if name in said and (part := blend.scaled(name, case.query, scores=said[name][row % block])) is not None:
                parts[k] = part
        parts[:, case.owned] = 0.0
        tops = np.argpartition(-parts, top - 1, axis=1)[:, :top]
        candidates = np.setdiff1d(tops, case.owned)
        scores[row, :, : len(candidates)] = parts[:, candidates]
        present[row, : len(candidates)] = True
        wanted[row, : len(candidates)] = np.isin(candidates, list(case.wanted))
        known[row, : len(candidates)] = blend.confidence[candidates]
    used = int(present.sum(axis=1).max(initial=1))
    goals = np.array([len(case.wanted) for case in chosen])
    return Pool(scores[:, :, :used].copy(), present[:, :used], wanted[:, :used], goals, known[:, :used])


def mean_ndcg(held: Pool, weights: np.ndarray, rare: np.ndarray | None = None) -> float:
    """Mean NDCG@10 of the candidates ranked by the weighted sum of their scores."""
    both = np.stack([weights, weights if rare is None else rare])
    total = np.where(held.present, np.einsum("wk,uki,wui->ui", both, held.scores, np.stack([held.known, 1 - held.known])), -1.0)
    return reached(total, held.wanted, held.goals)


def reached(total: np.ndarray, wanted: np.ndarray, goals: np.ndarray) -> float:
    """Mean NDCG@10 of candidates ranked by `total`; both (cases, candidates); `goals` (cases,): how many are wanted, candidates or not."""
    ranked = np.argsort(-total, axis=1, kind="stable")[:, : evaluate.K]
    discount = 1 / np.log2(np.arange(2, evaluate.K + 2))
    gain = (np.take_along_axis(wanted, ranked, axis=1) * discount[: ranked.shape[1]]).sum(axis=1)
    ideal = np.cumsum(discount)[np.minimum(goals, evaluate.K) - 1]
    return float((gain / ideal).mean())
