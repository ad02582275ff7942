"""Accuracy of the recommender beside its peers: python -m benchmarks.bench_rec --data DIR [--part valid] [--quick].

DIR is one split or a folder of them (benchmarks/bench_rec_split.py says what is in one). Every method is fitted on the same rows and
ranks the whole catalogue. Peers are fitted on train with each of their settings, the best on valid is fitted on train and valid and
judged on test; ours learns its settings and its blend inside what it is fitted on. Chosen settings are kept in --cache. Settings for cold
items are chosen on other items held out likewise. All folds of new customers are fitted; scores are means over their customers.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.bench_rec_factors import Score, customers
from benchmarks.bench_rec_more import complements, repurchase, shilling
from benchmarks.bench_rec_peers import BASKET_PEERS, COLD_PEERS, PEERS, Peers, Setting, able
from benchmarks.bench_rec_split import Split, Task, cold_items, cold_users, load, warm
from recommender import evaluate
from recommender.dataset import Dataset
from recommender.encoder import Encoder
from recommender.learn import Learned, learn
from recommender.pool import Case
from recommender.scorers import fit_all

COLUMNS = {"recall": 4, "ndcg": 4, "hit": 4, "coverage": 3, "novelty": 2, "diversity": 3, "fit s": 1, "ms": 2}
Make = Callable[..., Score]
Methods = Mapping[str, Make]
Fitted = dict[tuple[str, int], Score]  # by method and fold
BATCH = 500
console = Console(width=150)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, help="a split, or a folder of splits")
    arguments.add_argument("--encoder", type=Path, default=Path("var/encoder/all-MiniLM-L6-v2"))
    arguments.add_argument("--cache", type=Path, default=Path("var/cache"), help="where vectors and chosen settings are kept")
    arguments.add_argument("--part", choices=["valid", "test"], default="test")
    arguments.add_argument("--quick", action="store_true", help="ours alone, without the rows for cold items and customers")
    arguments.add_argument("--folds", type=int, default=10, help="folds of cold customers; each fits every method anew")
    arguments.add_argument("--only", nargs="*", help="names of methods to run, as they stand in the tables")
    given = arguments.parse_args()
    splits = [given.data] if (given.data / "items.csv.gz").exists() else sorted(path.parent for path in given.data.glob("*/items.csv.gz"))
    if not splits:
        raise SystemExit(f"no split in {given.data}: a split is a folder with items.csv.gz, train.csv.gz, valid.csv.gz and test.csv.gz")
    given.cache.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(given.encoder, threads=2, cache=given.cache / "bench-vectors.db")
    for folder in splits:
        began = time.perf_counter()
        split = load(folder, encoder)
        compare(split, given.part, given.cache / "bench-settings.json", given.quick, given.folds, given.only)
        console.print(f"{split.name}: {time.perf_counter() - began:.0f} s\n")


def compare(split: Split, part: str, chosen: Path, quick: bool, folds: int, only: list[str] | None = None) -> None:
    """One table for the next visit, and one for each kind of cold start."""

    def wanted(peers: Peers, kind: str, task: Callable[[], Task], by: str) -> Methods:
        named = {name: peer for name, peer in able(peers, len(split.items)).items() if only is None or name in only}
        if missing := sorted(peers.keys() - able(peers, len(split.items)).keys()):
            console.print(f"  left out, for they take memory with the square of the items: {', '.join(missing)}", highlight=False)
        return {name: settled(split, name, *peer, chosen, kind, task, by) for name, peer in named.items()}

    kept: list[Learned] = []
    ours = {"Shopkeeper": partial(shopkeeper, keep=kept.append)} if only is None or "Shopkeeper" in only else {}
    peers = {} if quick else PEERS | (BASKET_PEERS if split.again else {})
    methods = wanted(peers, "", lambda: warm(split, "valid"), "ndcg")
    task = warm(split, part)
    show(f"{split.name}, {part}", [task], methods | ours)
    if quick:
        return
    for learned in kept[:1]:
        tables = (complements(split, part, task.data), repurchase(split, part, task)) if split.again else ()
        for table in (*tables, shilling(split, part, task, learned)):
            console.print(table)
    if len(split.cold):
        cold = wanted(COLD_PEERS, "cold items ", lambda: cold_items(split, "valid", True), "recall")
        fitted: Fitted = {}
        for among, where in ((True, "among cold items"), (False, "over the catalogue")):
            show(f"{split.name}, {part}, cold items {where}", [cold_items(split, part, among)], cold | ours, fitted, by="recall")
    numbers = sorted(split.folds.unique())[:folds]
    fitted = {}
    once = {name: partial(shopkeeper, learned=kept[0]) for name in ours}  # settings are not learned anew in each fold
    for events in (1, 2, 3, 0) if numbers else ():
        title = f"{split.name}, {part}, new customers with {events or 'no'} events, {len(numbers)} folds"
        show(title, [cold_users(split, part, fold, events) for fold in numbers], methods | once, fitted)


def settled(
    split: Split, name: str, make: Make, settings: Sequence[Setting], chosen: Path, kind: str, validation: Callable[[], Task], by: str
) -> Make:
    """The peer with the setting that ranks best on validation."""
    known = json.loads(chosen.read_text()) if chosen.exists() else {}
    rows = split.parts["train"]
    what = f"{split.name} {kind}{name} {list(settings)} {len(rows)} {rows['item'].sum()} {rows['user'].sum()}"
    key = sha256(what.encode()).hexdigest()
    if key not in known:
        task = validation() if len(settings) > 1 else None
        reached = [judge(make(task.data, **setting), task)[by] for setting in settings] if task else [0.0]
        known = json.loads(chosen.read_text()) if chosen.exists() else {}
        known[key] = dict(settings[int(np.argmax(reached))])
        chosen.write_text(json.dumps(known, indent=1))
    console.print(f"  {kind}{name}: {known[key]}", highlight=False)
    return partial(make, **known[key])


def shopkeeper(data: Dataset, learned: Learned | None = None, keep: Callable[[Learned], None] = lambda learned: None) -> Score:
    """What the product trains and serves."""
    learned = learned or learn(data)
    keep(learned)
    blend = learned.blend(fit_all(data, learned.tuning), data.support)
    console.print(f"  Shopkeeper: {learned.tuning}, {'with' if learned.trees else 'no'} trees", highlight=False)

    def score(cases: list[Case]) -> np.ndarray:
        totals = [sum(blend.personal_parts(case.query).values()) for case in cases]
        return np.stack([np.broadcast_to(total, blend.confidence.shape) for total in totals])

    return score


def show(title: str, tasks: list[Task], methods: Methods, fitted: Fitted | None = None, by: str = "ndcg") -> None:
    """Fits every method on each task (or takes it from `fitted`), judges it, prints the table of means over all customers."""
    fitted = {} if fitted is None else fitted
    results = {}
    for name, make in methods.items():
        rows = []
        for number, task in enumerate(tasks):
            began = time.perf_counter()
            if (name, number) not in fitted:
                fitted[name, number] = make(task.data)
            rows.append(judge(fitted[name, number], task) | {"fit s": time.perf_counter() - began})
        sizes = [len(task.cases) for task in tasks]
        results[name] = {column: float(np.average([row[column] for row in rows], weights=sizes)) for column in rows[0]}
    table = Table(title=f"{title}: {sum(len(task.cases) for task in tasks)} customers, @{evaluate.K}", title_justify="left")
    for name in ("method", *COLUMNS):
        table.add_column(name, justify="left" if name == "method" else "right")
    for name, row in sorted(results.items(), key=lambda entry: entry[1][by]):
        table.add_row(name, *(f"{row[column]:.{digits}f}" for column, digits in COLUMNS.items()))
    console.print(table)


def judge(score: Score, task: Task) -> dict[str, float]:
    """Means over the customers; novelty is the mean of -log2 of the share of customers who have the item, diversity one minus the mean
    cosine of the items' texts within a list."""
    lists, spent = [], 0.0
    outside = None if task.candidates is None else np.setdiff1d(np.arange(len(task.data.items)), task.candidates)
    for start in range(0, len(task.cases), BATCH):
        part = task.cases[start : start + BATCH]
        began = time.perf_counter()
        scores = np.array(score(part), np.float32)
        spent += time.perf_counter() - began
        for row, case in zip(scores, part, strict=True):
            row[case.owned] = -np.inf
            if outside is not None:
                row[outside] = -np.inf
        best = np.argpartition(-scores, evaluate.K, axis=1)[:, : evaluate.K]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        lists += np.take_along_axis(best, order, axis=1).tolist()
    pairs = [(ranked, case.wanted) for ranked, case in zip(lists, task.cases, strict=True)]
    share = (customers(task.data) + 1) / (len(task.data.users) + 1)
    vectors = task.data.vectors[np.array(lists)]
    likeness = (np.square(vectors.sum(axis=1)).sum(axis=1) - evaluate.K) / (evaluate.K * (evaluate.K - 1))
    return {
        **{f.__name__: float(np.mean([f(ranked, goal) for ranked, goal in pairs])) for f in (evaluate.recall, evaluate.ndcg, evaluate.hit)},
        "coverage": evaluate.coverage(lists, len(task.data.items)),
        "novelty": float(-np.log2(share[np.array(lists)]).mean()),
        "diversity": float(1 - likeness.mean()),
        "ms": 1000 * spent / len(task.cases),
    }


if __name__ == "__main__":
    main()
