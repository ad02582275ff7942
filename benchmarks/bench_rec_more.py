"""What goes with a product, what is due again, and what fake profiles gain: tables of `benchmarks.bench_rec` beside the next visit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from rich.table import Table

from benchmarks.bench_rec_split import Split, Task
from recommender import evaluate
from recommender.blend import COMPLEMENT, Blend, confidence
from recommender.contract import Query
from recommender.dataset import Dataset
from recommender.learn import Learned, top
from recommender.pool import Case
from recommender.scorers import fit_all

BASKETS = 2_000  # held-out baskets asked about
FAKES = 0.03  # profiles invented, as a share of the customers
FAVOURITES = 5  # well-known items that each of them likes, so as to look like somebody
Score = Callable[[Query], np.ndarray]


def complements(split: Split, part: str, data: Dataset) -> Table:
    """Of each held-out basket of several items one is shown and the others are to be found among all items."""
    rows = split.data([part]).events
    baskets = [np.unique(columns) for _, columns in rows.groupby(["user", "seconds"])["column"]]
    baskets = [basket for basket in baskets if len(basket) > 1][:BASKETS]
    rng = np.random.default_rng(0)
    shown = [int(rng.choice(basket)) for basket in baskets]
    blend = Blend(fit_all(data, names=COMPLEMENT), confidence(data.support))
    together = data.basket_matrix
    often = (together.T @ together).tolil()
    often.setdiag(0)
    often = often.tocsr()

    def blended(query: Query) -> np.ndarray:
        return sum(blend.parts(query, COMPLEMENT).values(), np.zeros(len(data.items), np.float32))

    ways: Mapping[str, Score] = {
        "chance": lambda query: np.random.default_rng(int(query.positions[0])).random(len(data.items)),
        "popularity": blend.scorers["popularity"].score,
        "content": blend.scorers["content"].score,
        "bought together, counted": lambda query: often[query.positions[0]].toarray().ravel(),
        "lift above chance": blend.scorers["copurchase"].score,
        "what goes with it (ours)": blended,
    }
    at = float(rows["seconds"].min())
    reached = {}
    for name, score in ways.items():
        found = []
        for item, basket in zip(shown, baskets, strict=True):
            ranked = top(score(_asked(item, at, data)), np.array([item]))
            wanted = set(basket.tolist()) - {item}
            found.append((evaluate.recall(ranked, wanted), evaluate.ndcg(ranked, wanted), evaluate.hit(ranked, wanted)))
        reached[name] = [f"{value:.4f}" for value in np.mean(found, axis=0)]
    return _table(
        f"{split.name}, {part}, what goes with one item of a basket: {len(baskets)} baskets, @10", ("recall", "ndcg", "hit"), reached
    )


def repurchase(split: Split, part: str, task: Task) -> Table:
    """What a customer has is ranked by whether it is bought again on the next visit; `due` beside rules of thumb."""
    fitted = fit_all(task.data, names=("due", "habit"))
    asked = [case for case in task.cases if case.wanted & set(case.query.positions.tolist()) and len(case.query.positions) > 1]
    ways: Mapping[str, Callable[[Case], np.ndarray]] = {
        "had last": lambda case: -case.query.ages,
        "had most often": lambda case: case.query.times,
        "faded frequency": lambda case: fitted["habit"].score(case.query)[case.query.positions],
        "due": lambda case: fitted["due"].score(case.query)[case.query.positions],
    }
    reached = {}
    for name, way in ways.items():
        found = []
        for case in asked:
            score, again = way(case), np.isin(case.query.positions, list(case.wanted))
            ranked = case.query.positions[np.argsort(-score, kind="stable")].tolist()
            ndcg = evaluate.ndcg(ranked, set(case.query.positions[again].tolist()))
            found.append((ndcg, np.nan if again.all() else _auc(score, again)))
        reached[name] = [f"{value:.4f}" for value in np.nanmean(found, axis=0)]
    return _table(f"{split.name}, {part}, what is bought again among what they have: {len(asked)} customers", ("ndcg@10", "auc"), reached)


def shilling(split: Split, part: str, task: Task, learned: Learned) -> Table:
    """An item's share of the top-10 lists before and after 3 % fake profiles push it, by what those do every day of the last week."""
    data = task.data
    lists = _lists(data, learned, task.cases)
    shares = np.bincount(np.concatenate(lists), minlength=len(data.items)) / len(lists)
    often = np.flatnonzero(shares >= 0.005)
    target = int(often[np.argsort(shares[often])[len(often) // 2]])
    rows = {"nobody": [f"{shares[target]:.4f}", "1.0"]}
    for kind in ("view", "like", "purchase"):
        attacked = replace(data, interactions=pd.concat([data.interactions, _fakes(data, target, kind)], ignore_index=True))
        share = float(np.mean([target in ranked for ranked in _lists(attacked, learned, task.cases)]))
        rows[f"{kind}s" if kind != "purchase" else "purchases that were paid"] = [f"{share:.4f}", f"{share / shares[target]:.1f}"]
    return _table(f"{split.name}, {part}, 3 % fake profiles push one item with", ("share of lists", "times"), rows)


def _asked(item: int, at: float, data: Dataset) -> Query:
    zero = np.zeros(data.vectors.shape[1], np.float32)
    return Query(np.array([item]), np.ones(1, np.float32), np.zeros(1, np.float32), zero, zero, at)


def _lists(data: Dataset, learned: Learned, asked: list[Case]) -> list[list[int]]:
    blend = learned.blend(fit_all(data, learned.tuning), data.support)
    return [top(sum(blend.personal_parts(case.query).values()), case.owned) for case in asked]


def _fakes(data: Dataset, target: int, kind: str) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    users = data.users.max() + 1 + np.arange(int(FAKES * len(data.users)))
    known = data.ids[np.argsort(-data.support)[:100]]
    newest = data.interactions["at"].max()
    rows = [(user, int(item), newest - pd.Timedelta(days=8)) for user in users for item in rng.choice(known, FAVOURITES, replace=False)]
    rows += [(user, int(data.ids[target]), newest - pd.Timedelta(days=day)) for user in users for day in range(7)]
    frame = pd.DataFrame(rows, columns=["user", "item", "at"]).sort_values("at", kind="stable")
    return frame.assign(kind=kind, value=np.nan)


def _auc(score: np.ndarray, right: np.ndarray) -> float:
    """How often a right one scores more than a wrong one; a tie is half."""
    above = score[right][:, None] - score[~right][None, :]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def _table(title: str, columns: tuple[str, ...], rows: Mapping[str, list[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in ("", *columns):
        table.add_column(name, justify="left" if not name else "right")
    for name, values in rows.items():
        table.add_row(name, *values)
    return table
