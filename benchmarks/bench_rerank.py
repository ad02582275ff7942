"""What the shop's wishes cost in accuracy: python -m benchmarks.bench_rerank.

On the demo shop, customers' last days held out; what they cost is the NDCG@10 that each setting leaves, and what they bring the mean over
the lists of what was wished for. The demo has neither costs nor arrivals: both are drawn by seed, so that they say nothing of what sells.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.bench_search import demo
from recommender import answers, data, evaluate, rerank
from recommender.blend import Blend, confidence
from recommender.contract import Ask, Event
from recommender.export import export
from recommender.rerank import DAY, Policy
from recommender.scorers import fit_all
from recommender.serving import Serving, untrained
from shop.settings import Settings

CUSTOMERS = 200
STEPS = (0.0, 0.1, 0.2, 0.4)
WISHES = ("diversity", "freshness", "margin", "stock")


def held_out(whole, seed: int = 7) -> tuple[Serving, list[tuple[Ask, set[int]]]]:
    """A recommender that does not know customers' last days, and what they chose on them."""
    kept, held = evaluate.leave_last_out(whole.interactions)
    past = replace(whole, interactions=kept, baskets=None)
    rng = np.random.default_rng(seed)
    last = held["at"].max().timestamp()
    items = past.items.assign(
        cost=past.items["price"] * rng.uniform(0.3, 0.8, len(past.items)), created=last - DAY * rng.integers(0, 365, len(past.items))
    )
    serving = replace(untrained(replace(past, items=items)), blend=Blend(fit_all(past), confidence(past.support)))
    cases = []
    for user in rng.permutation(np.intersect1d(held["user"], kept["user"]))[:CUSTOMERS]:
        rows = kept[kept["user"] == user]
        history = [Event(int(r.item), r.kind, r.at.to_pydatetime(), r.value) for r in rows.itertuples() if r.item == r.item]
        wanted = held[(held["user"] == user) & held["item"].isin(past.ids)]
        if len(wanted):
            at = datetime.fromtimestamp(wanted["at"].min().timestamp(), UTC)
            cases.append((Ask(n=evaluate.K, history=history, at=at), {int(item) for item in wanted["item"]}))
    return serving, cases


def measured(serving: Serving, cases: list[tuple[Ask, set[int]]], policy: Policy) -> dict[str, float]:
    """NDCG@10 by article (a list shows one variant of each), and the means over the lists of what can be wished for."""
    serving = replace(serving, policy=policy)
    code, vectors, position = serving.articles.code, serving.data.vectors, serving.data.position
    found: dict[str, list[float]] = {name: [] for name in ("ndcg", *WISHES)}
    for ask, wanted in cases:
        places = [position[one.item] for one in answers.recommend(serving, ask, lambda text: np.zeros(vectors.shape[1], np.float32)).items]
        ranked, goal = [int(code[place]) for place in places], {int(code[position[item]]) for item in wanted}
        found["ndcg"].append(evaluate.ndcg(ranked, goal))
        likeness = vectors[places] @ vectors[places].T
        found["diversity"].append(float(1 - (likeness.sum() - len(places)) / max(len(places) * (len(places) - 1), 1)))
        for name in WISHES[1:]:
            found[name].append(float(rerank.value(name, serving.table, ask.at.timestamp())[places].mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with TemporaryDirectory() as folder:
        export(Settings())
        (Path(folder) / "encoder").symlink_to(Settings().var_dir / "encoder")
        recommender = demo(Path(folder))
        serving, cases = held_out(data.dataset(recommender.store, recommender.encoder))
    table = Table(title=f"demo shop, {len(cases)} customers' last days", title_justify="left")
    for column in ("setting", "at", "NDCG@10", "change", *WISHES):
        table.add_column(column, justify="left" if column == "setting" else "right")
    plain = measured(serving, cases, Policy())
    for wish in WISHES:
        for step in STEPS:
            now = plain if not step else measured(serving, cases, Policy(**{wish: step}))
            change = f"{100 * (now['ndcg'] / plain['ndcg'] - 1):+.1f} %"
            table.add_row(wish, f"{step}", f"{now['ndcg']:.4f}", change, *(f"{now[name]:.3f}" for name in WISHES))
    Console().print(table)


if __name__ == "__main__":
    main()
