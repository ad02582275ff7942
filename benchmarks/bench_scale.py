"""Speed of the recommender at size, on made-up shops: python -m benchmarks.bench_scale [--only fold,fit,batch,serve] [--largest N].

Each row is a measurement beside what it is held to. Serving asks with everything at once: history, interest, words, a price limit, a
colour and an aversion. Waiting times are wall clock of one thread; the embedding of the words, which a process remembers, is apart.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks import bench_scale_parts as parts
from benchmarks.synthetic_shop import shop


@dataclass(frozen=True)
class Row:
    what: str
    figure: str
    goal: str
    reached: bool


SERVED = {10_000: 5.0, 100_000: 20.0, 1_000_000: 15.0}  # items: milliseconds, p95
RECALL = 0.95
console = Console(width=150)


def serve(largest: int) -> Iterator[Row]:
    """Top 10 for one customer, by size of the catalogue; beside it how much of the exact list it finds."""
    for items, limit in SERVED.items():
        if items > largest:
            continue
        data = shop(items, customers=items // 10, interactions=items)
        serving, built = parts.serving(data)
        asks, encode = parts.asks(data, 200)
        waited, worked = parts.waits(serving, asks, encode)
        p50, p95 = np.percentile(waited, [50, 95])
        recall, exact = parts.recall(serving, asks[:40], encode)
        kind = serving.nearest.name
        figure = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms ({worked:.1f} ms of processor time)"
        yield Row(f"top 10 of {items:,} items, {kind} index", figure, f"p95 < {limit:.0f} ms", p95 < limit)
        figure = f"{recall:.3f} (that takes {exact:.1f} ms of processor time; index built in {built:.0f} s)"
        yield Row(f"  recall@10 of it against scoring all {items:,} items", figure, f">= {RECALL}", recall >= RECALL)


def batch(_largest: int) -> Iterator[Row]:
    data = shop(10_000, customers=100_000, interactions=1_000_000)
    serving, _ = parts.serving(data)
    began = time.perf_counter()
    lists = parts.best_for_everybody(serving, data)
    seconds = time.perf_counter() - began
    yield Row(f"top 10 for {len(lists.users):,} customers over 10,000 items", f"{seconds:.0f} s", "< 60 s", seconds < 60)


def fit(_largest: int) -> Iterator[Row]:
    """In a process of its own, so that its memory is its own."""
    seconds, gigabytes = parts.fit_alone(items=10_000, customers=100_000, interactions=1_000_000)
    yield Row(
        "fit: 1,000,000 interactions by 10,000 items",
        f"{seconds:.0f} s, {gigabytes:.1f} GB",
        "< 90 s, 6 GB",
        seconds < 90 and gigabytes < 6,
    )


def fold(_largest: int) -> Iterator[Row]:
    """What changes in a running shop."""
    with tempfile.TemporaryDirectory() as folder, parts.running_shop(Path(folder), items=10_000) as running:
        event, customer = parts.fold_in(running)
        yield Row("fold-in of an event, write to changed question", f"p95 {event:.1f} ms", "< 5 ms", event < 5)
        yield Row("fold-in of a new customer", f"p95 {customer:.1f} ms", "< 5 ms", customer < 5)
        seconds = parts.new_item(running)
        yield Row("new item, import to recommendation (10,000 items)", f"{seconds:.2f} s", "< 2 s", seconds < 2)


SECTIONS = {"fold": fold, "fit": fit, "batch": batch, "serve": serve}  # the largest last


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", default=",".join(SECTIONS), help="sections, with commas between")
    arguments.add_argument("--largest", type=int, default=max(SERVED), help="items of the largest catalogue served")
    given = arguments.parse_args()
    table = Table("what", "measured", "goal", "reached")
    with threadpool_limits(1, user_api="blas"):
        for name in given.only.split(","):
            began = time.perf_counter()
            for row in SECTIONS[name](given.largest):
                console.print(f"  {row.what}: {row.figure}", highlight=False)  # should a later section fail
                table.add_row(row.what, row.figure, row.goal, "yes" if row.reached else "no")
            peak = parts.peak_gigabytes()
            console.print(f"{name}: {time.perf_counter() - began:.0f} s, peak memory so far {peak:.1f} GB", highlight=False)
    console.print(table)


if __name__ == "__main__":
    main()
