"""Accuracy of the recommender beside its peers: python -m benchmarks.bench_rec --data DIR [--part valid].

DIR is one split or a folder of them. A split has train, valid, test and items as .csv.gz: `user,item,pos[,ts]` (ts in thousands of
seconds) and `item,title,tags,text`.
Every method is fitted on the same rows and ranks the whole catalogue without what the user already has.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares
from rich.console import Console
from rich.table import Table

from recommender import evaluate
from recommender.blend import Blend, confidence
from recommender.contract import Query
from recommender.dataset import Dataset
from recommender.encoder import Encoder
from recommender.learn import learn
from recommender.query import DAY, HISTORY_ITEMS
from recommender.scorers import SCORERS, fit_all

PEERS = ("popularity", "content", "itemknn", "ease")


def load(folder: Path, parts: list[str], encoder: Encoder) -> Dataset:
    """The named parts as one Dataset; item and user ids become numbers."""
    items = pd.read_csv(folder / "items.csv.gz", dtype=str).fillna("")
    rows = pd.concat([read(folder, part) for part in parts])
    number = {item: k for k, item in enumerate(items["item"])}
    seconds = rows["ts"] * 1000 if "ts" in rows else rows["pos"] * int(DAY)
    interactions = pd.DataFrame(
        {
            "user": rows["user"].map(user_number),
            "item": rows["item"].map(number),
            "kind": "purchase",
            "value": np.nan,
            "at": pd.to_datetime(seconds, unit="s", utc=True),
        }
    ).sort_values("at", kind="stable")
    catalogue = pd.DataFrame({"item": range(len(items)), "text": items["text"]})
    return Dataset(catalogue, interactions, encoder.encode(list(items["text"]), keep=True))


USERS: dict[str, int] = {}


def user_number(name: str) -> int:
    return USERS.setdefault(name, len(USERS))


def read(folder: Path, part: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{part}.csv.gz", dtype={"user": str, "item": str})


def queries(data: Dataset, moments: pd.Series) -> dict[int, Query]:
    """What each user of `moments` (user -> Unix seconds) likes as of then."""
    zero = np.zeros(data.vectors.shape[1], np.float32)
    rows = data.events[data.events["user"].isin(moments.index)].sort_values("seconds", kind="stable")
    last = rows.groupby(["user", "column"], sort=False)["seconds"].max().sort_values(kind="stable").reset_index()
    made = {}
    for user, liked in last.groupby("user"):
        liked, at = liked.tail(HISTORY_ITEMS), float(moments[user])
        ages = np.maximum(at - liked["seconds"].to_numpy(), 0) / DAY
        made[user] = Query(liked["column"].to_numpy(), np.ones(len(liked), np.float32), ages.astype(np.float32), zero, zero, at)
    return made


def top(scores: np.ndarray, exclude: np.ndarray, k: int = evaluate.K) -> list[int]:
    scores = scores.astype(np.float64)
    scores[exclude] = -np.inf
    best = np.argpartition(-scores, k)[:k]
    return best[np.argsort(-scores[best], kind="stable")].tolist()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, help="a split, or a folder of splits")
    arguments.add_argument("--encoder", type=Path, default=Path("var/encoder/all-MiniLM-L6-v2"))
    arguments.add_argument("--cache", type=Path, default=Path("var/cache/bench-vectors.db"))
    arguments.add_argument("--part", choices=["valid", "test"], default="test")
    given = arguments.parse_args()
    splits = [given.data] if (given.data / "items.csv.gz").exists() else sorted(path.parent for path in given.data.glob("*/items.csv.gz"))
    if not splits:
        raise SystemExit(f"no split in {given.data}: a split is a folder with items.csv.gz, train.csv.gz, valid.csv.gz and test.csv.gz")
    for split in splits:
        compare(split, given.part, Encoder(given.encoder, threads=2, cache=given.cache))


def compare(folder: Path, part: str, encoder: Encoder) -> None:
    """Fits every method on one split and prints the table."""
    data = load(folder, ["train"] if part == "valid" else ["train", "valid"], encoder)
    held = load(folder, [part], encoder)
    owned = {user: np.unique(rows) for user, rows in data.events.groupby("user")["column"]}
    wanted = held.events.groupby("user")["column"].agg(set)
    if folder.name.endswith("_new"):
        wanted = pd.Series({user: goal - set(owned.get(user, ())) for user, goal in wanted.items()})
        wanted = wanted[wanted.map(len) > 0]
    asked = queries(data, held.events.groupby("user")["seconds"].min())

    results: dict[str, dict[str, float]] = {}

    def measure(name: str, fit_seconds: float, score) -> None:
        started, lists = time.perf_counter(), {}
        for user in wanted.index:
            if user in asked:
                exclude = np.array([], int) if folder.name.endswith("_basket") else owned[user]
                lists[user] = top(score(user, asked[user]), exclude)
        spent = time.perf_counter() - started
        rows = [(lists.get(user, []), goal) for user, goal in wanted.items()]
        results[name] = {
            f.__name__: float(np.mean([f(ranked, goal) for ranked, goal in rows])) for f in (evaluate.recall, evaluate.ndcg, evaluate.hit)
        }
        results[name] |= {
            "coverage": evaluate.coverage(lists.values(), len(data.items)),
            "fit s": fit_seconds,
            "score ms": 1000 * spent / len(lists),
        }

    for name in PEERS:
        started = time.perf_counter()
        scorer = SCORERS[name]().fit(data)
        measure(name, time.perf_counter() - started, lambda user, query, scorer=scorer: scorer.score(query))

    started = time.perf_counter()
    als = AlternatingLeastSquares(factors=128, regularization=0.1, alpha=10, iterations=15, random_state=0, num_threads=2)
    als.fit(data.matrix, show_progress=False)
    row = {user: k for k, user in enumerate(data.users)}
    measure("ALS (implicit)", time.perf_counter() - started, lambda user, query: als.item_factors @ als.user_factors[row[user]])

    started = time.perf_counter()
    blend = Blend(fit_all(data), confidence(data.support), learn(data).weights)
    measure("Shopkeeper", time.perf_counter() - started, lambda user, query: sum(blend.parts(query, blend.personal(query)).values()))

    columns = list(next(iter(results.values())))
    table = Table(title=f"{folder.name}, {part}, {len(wanted)} users, {len(data.items)} items, @{evaluate.K}")
    for name in ("method", *columns):
        table.add_column(name, justify="left" if name == "method" else "right")
    for name, row_ in sorted(results.items(), key=lambda entry: entry[1]["ndcg"]):
        table.add_row(name, *(f"{row_[c]:.1f}" if " " in c else f"{row_[c]:.4f}" for c in columns))
    Console().print(table)


if __name__ == "__main__":
    main()
