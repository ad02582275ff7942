"""Turns a second and waiting times, beside stock Rasa in the same run: python -m benchmarks.bench_chat [--chats 1,8,50] [--ours-only].

Both serve the same domain and examples on this machine, one after the other, driven by the same number of chats at once from a
process of its own. Ours is the whole product (gateway, store, profile worker, recommender); stock is Rasa with its default
configuration, the REST channel, an SQL tracker store on SQLite, and our action server.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from benchmarks import stock_rasa
from benchmarks.chat_load import Measured, load, our_chat, stock_chat
from shop.models import Turn, now
from shop.settings import PROJECT
from shop.store import Store
from tests.harness.stack import copy_of_template, free_ports, running

console = Console()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--chats", default="1,8,50", help="how many chats at once, a list")
    arguments.add_argument("--turns", type=int, default=24, help="turns of each chat")
    arguments.add_argument("--ours-only", action="store_true")
    arguments.add_argument("--stock-model", type=Path, help="a stock model trained earlier, to save its training")
    arguments.add_argument("--stock-epochs", type=int, default=100, help="fewer train sooner; what a turn costs stays the same")
    given = arguments.parse_args()
    levels = [int(n) for n in given.chats.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        console.print("Preparing the shop ...")
        var = copy_of_template(Path(folder) / "var")
        model = None if given.ours_only else given.stock_model or stock_rasa.train(PROJECT / "var" / "stock-rasa", given.stock_epochs)
        with running(var, messages_per_minute=1_000_000) as stack:
            measure(our_chat(stack.url), 2, given.turns)  # warm-up
            before = stack.processor_seconds()
            ours, profiled = {}, {}
            for n in levels:
                began = now()
                ours[n] = measure(our_chat(stack.url), n, given.turns)
                profiled[n] = until_profiled(stack.settings.store_url, began)
            used = {name: seconds - before[name] for name, seconds in stack.processor_seconds().items()}
            memory = stack.resident_mb()
            stock = {}
            if model is not None:
                with stock_rasa.serving(stack.settings, model, free_ports(1)[0], stack.settings.actions_url) as url:
                    measure(stock_chat(url), 2, given.turns)
                    stock = {n: measure(stock_chat(url), n, given.turns) for n in levels}
    report(ours, profiled, stock)
    turns = sum(len(measured.answered) for measured in ours.values())
    a_turn = ", ".join(f"{name} {1000 * seconds / turns:.1f} ms" for name, seconds in used.items())
    console.print(f"processor time of ours a turn: {a_turn}")
    console.print(f"resident memory of all our processes together after the load: {memory:.0f} MiB")


def measure(chat, chats: int, turns: int) -> Measured:
    return asyncio.run(load(chat, chats, turns))


def until_profiled(store_url: str, since: datetime) -> tuple[float, float]:
    """From the commit of a turn until its customer's profile holds it: the 50th and 95th percentile of all turns since, in
    milliseconds. A turn that is not in the profile ten seconds after the last one counts as never."""
    time.sleep(10)
    store = Store(store_url)
    with store.read() as session:
        turns = session.execute(select(Turn.at, Turn.profiled_at).where(Turn.at >= since)).all()
    store.close()
    waits = [(profiled - at).total_seconds() * 1000 if profiled else float("inf") for at, profiled in turns]
    p50, p95 = np.percentile(waits, [50, 95], method="higher")
    return float(p50), float(p95)


def report(ours: dict[int, Measured], profiled: dict[int, tuple[float, float]], stock: dict[int, Measured]) -> None:
    table = Table(title="Milliseconds, p50 / p95; ours beside stock Rasa")
    for heading in ("chats", "acknowledged", "answered", "in profile", "turns/s", "stock: answered", "stock: turns/s", "ratio"):
        table.add_column(heading, justify="right")
    for n, mine in ours.items():
        theirs = stock.get(n)
        row = [str(n), spread(mine, "acknowledged"), spread(mine, "answered"), "{:.0f} / {:.0f}".format(*profiled[n]), f"{mine.rate:.1f}"]
        row += [spread(theirs, "answered"), f"{theirs.rate:.1f}", f"{mine.rate / theirs.rate:.1f}"] if theirs else ["-"] * 3
        table.add_row(*row)
    console.print(table)


def spread(measured: Measured, name: str) -> str:
    return f"{measured.percentile(name, 50):.0f} / {measured.percentile(name, 95):.0f}"


if __name__ == "__main__":
    main()
