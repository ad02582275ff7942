"""The best items for many customers at once: blocks of customers against the whole catalogue, for campaigns and mailings.

The ranking is the one that `answers.recommend` gives for each of them alone, without words and constraints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from recommender.blend import COLD_BOOST, POWER, TEXTUAL, Blend, between
from recommender.contract import Query, score_many
from recommender.dataset import Dataset
from recommender.query import DAY, HISTORY_ITEMS, habit
from recommender.serving import Serving

BLOCK = 64  # customers; their scores by one scorer fit the processor's cache at 10,000 items
DEPTH = 8  # times n: how far down variants of the same article are looked past


@dataclass(frozen=True, eq=False)
class Lists:
    """`users` (u,) ids; `items` (u, n) ids, best first, -1 where there is nothing more; `scores` (u, n)."""

    users: np.ndarray
    items: np.ndarray
    scores: np.ndarray


def best_for_all(serving: Serving, did: Dataset, at: float, n: int = 10, threads: int = 1) -> Lists:
    """The n best new items in stock for every user of `did`, which has the catalogue of `serving`, as of Unix second `at`."""
    asked = list(histories(did, at))
    allowed = serving.table.active & serving.table.in_stock
    blocks = [asked[start : start + BLOCK] for start in range(0, len(asked), BLOCK)]

    def answer(block: Sequence[tuple[int, Query, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
        totals = _scores(serving, [query for _, query, _ in block])
        totals[:, ~allowed] = -1.0
        for row, (_, _, bought) in enumerate(block):
            totals[row, serving.articles.variants(bought)] = -1.0
        return _best(serving, totals, n)

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(answer, blocks))
    positions, scores = (np.concatenate([part[k] for part in found]) if found else np.zeros((0, n)) for k in (0, 1))
    items = np.where(positions >= 0, serving.data.ids[positions.astype(np.int64)] if serving.size else -1, -1)
    return Lists(np.array([user for user, _, _ in asked], np.int64), items, scores)


def histories(did: Dataset, at: float) -> Iterator[tuple[int, Query, np.ndarray]]:
    """Each user with their query, as `query_of` makes it, and the catalogue positions of what they bought."""
    events = did.events[did.events["seconds"] <= at].sort_values(["user", "seconds"], kind="stable")
    user, column = events["user"].to_numpy(), events["column"].to_numpy()
    bought = (did.interactions["kind"] == "purchase").reindex(events.index).to_numpy(bool)
    age = (at - events["seconds"].to_numpy()) / DAY
    weight = events["own"].to_numpy()
    starts = np.flatnonzero(np.diff(user, prepend=user[:1] - 1))
    zero = np.zeros(did.vectors.shape[1], np.float32)
    for start, end in zip(starts, [*starts[1:], len(user)], strict=False):
        part = slice(start, end)
        liking: dict[int, float] = {}
        youngest: dict[int, float] = {}
        days: dict[int, set[int]] = {}
        for one, old, much in zip(column[part].tolist(), age[part].tolist(), weight[part].tolist(), strict=True):
            liking[one] = min(1.0, liking.pop(one, 0.0) + much)  # popped, so that the dictionary stays ordered by last event
            youngest[one] = old
            days.setdefault(one, set()).add(int(old))
        newest = list(liking)[-HISTORY_ITEMS:]
        query = Query(
            positions=np.array(newest, np.int64),
            weights=np.array([liking[one] for one in newest], np.float32),
            ages=np.array([youngest[one] for one in newest], np.float32),
            text=zero,
            interest=zero,
            at=at,
            habits=np.array([habit(days[one]) for one in newest], np.float32),
        )
        yield int(user[start]), query, column[part][bought[part]]


def _scores(serving: Serving, queries: Sequence[Query]) -> np.ndarray:
    """What `Blend.personal_parts` adds up to, for each query."""
    blend = serving.blend
    weights = [blend.both(query) for query in queries]
    rows = np.repeat(np.arange(len(queries)), [len(query.positions) for query in queries])
    columns = np.concatenate([query.positions for query in queries])
    total = np.zeros((len(queries), serving.size), np.float32)
    for name in dict.fromkeys(name for pair in weights for one in pair for name in one):
        most, least = (np.array([pair[k].get(name, 0.0) for pair in weights], np.float32)[:, None] for k in (0, 1))
        if name not in blend.scorers or not (most.any() or least.any()):
            continue
        scores = np.maximum(score_many(blend.scorers[name], queries), 0.0)
        own = scores[rows, columns]
        scores[rows, columns] = 0.0
        best = scores.max(axis=1)
        scores[rows, columns] = own
        best = np.where(best > 0, best, scores.max(axis=1))
        scores /= np.where(best > 0, best, 1.0)[:, None]
        np.minimum(scores, 1.0, out=scores)
        scores = np.sqrt(scores, out=scores) if POWER == 0.5 else scores**POWER
        if name in TEXTUAL:
            scores *= 1 + COLD_BOOST * (1 - blend.confidence)
        scores *= between(least, most, blend.confidence)
        total += scores
    return _raised(blend, total, queries)


def _raised(blend: Blend, total: np.ndarray, queries: Sequence[Query]) -> np.ndarray:
    for row, query in zip(total, queries, strict=True):
        if blend.chance and len(query.positions) and (factor := blend.chance.factor(row, query.positions)) is not None:
            row *= factor
    return total


def _best(serving: Serving, totals: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions and scores (rows, n) of the best items above -1, one of each article; -1 and 0 where there are no more."""
    positions, scores = np.full((len(totals), n), -1), np.zeros((len(totals), n), np.float32)
    depth = min(DEPTH * n, totals.shape[1])
    top = np.argpartition(-totals, depth - 1, axis=1)[:, :depth] if depth else np.zeros((len(totals), 0), np.int64)
    values = np.take_along_axis(totals, top, axis=1)
    for row, order in enumerate(np.lexsort((top, -values), axis=1)):
        seen: set[int] = set()
        for k in order:
            if values[row, k] < 0 or len(seen) == n:
                break
            if (article := int(serving.articles.code[top[row, k]])) not in seen:
                positions[row, len(seen)], scores[row, len(seen)] = top[row, k], values[row, k]
                seen.add(article)
    return positions, scores
