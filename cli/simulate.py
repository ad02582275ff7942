"""`shopkeeper simulate`: shoppers that do not exist talk to the real bot, and the bot is judged by what they got."""

from __future__ import annotations

import json
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cli.gateway_client import CannotChat, Gateway
from cli.simulation.goals import Shop, draw
from cli.simulation.shopper import Outcome, Shopper
from shop.settings import Settings
from shop.store import Store


def simulate(
    users: Annotated[int, typer.Option("--users", "-n", min=1, max=100_000, help="How many shoppers.")] = 200,
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same shoppers.")] = 7,
    url: Annotated[str, typer.Option("--url", help="A running shop to talk to; without it, one is started over a copy of the store.")] = "",
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=32, help="How many shoppers talk at the same time.")] = 4,
    report: Annotated[str, typer.Option("--json", help="Write every conversation and its outcome to this file.")] = "",
) -> None:
    """Let simulated shoppers with goals, patience and typing errors talk to the bot.

    They look for products within constraints, for presents, track orders, send things back and change their minds. Reports success, turns
    to success, fallbacks and seconds by goal. Ends with code 1 when a shopper was shown what they had said they never want. Nothing of
    your shop is changed: the shoppers get a copy, unless you name a running shop with --url.
    """
    console = Console()
    settings = Settings()
    try:
        with talking_to(settings, url) if url else started(settings, console) as (shop_settings, address), console.status("talking ..."):
            outcomes = run(shop_settings, address, users, seed, at_once)
    except CannotChat as problem:
        Console(stderr=True).print(f"Cannot simulate: {problem}", style="red", soft_wrap=True)
        raise typer.Exit(1) from None
    if report:
        Path(report).write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1, ensure_ascii=False), encoding="utf-8")
    console.print(table(outcomes))
    violations = [f"{title!r} to somebody who cannot stand {outcome.goal.averse}" for outcome in outcomes for title in outcome.violations]
    console.print(f"constraints violated: {len(violations)}")
    for violation in violations[:20]:
        console.print(f"  shown: {violation}", style="red")
    if violations:
        raise typer.Exit(1)


def run(settings: Settings, url: str, users: int, seed: int, at_once: int) -> list[Outcome]:
    """The outcomes of shoppers 0 to `users` - 1. Each has a generator of its own, so that they are the same whatever the order."""
    store = Store(settings.store_url)
    with store.read() as session:
        shop = Shop.read(session)
        session.expunge_all()
    store.close()
    if not shop.products:
        raise CannotChat("the shop sells nothing. Import a catalogue first: .venv/bin/shopkeeper import demo")
    products = {product.sku: product for product in shop.products}

    def one(number: int) -> Outcome:
        rng = Random(f"{seed}:{number}")
        shopper = Shopper(draw(shop, number, rng), rng, products)
        with Gateway(settings, url) as gateway:
            return shopper.talk(gateway.say, time.monotonic)

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, range(users)))


def table(outcomes: Sequence[Outcome]) -> Table:
    made = Table(box=box.SIMPLE_HEAD)
    for name in ("goal", "shoppers", "success", "turns to success", "fallbacks", "seconds a turn"):
        made.add_column(name, justify="left" if name == "goal" else "right")
    for kind, some in [*sorted(Counter(outcome.goal.kind for outcome in outcomes).items()), ("all", len(outcomes))]:
        of = [outcome for outcome in outcomes if kind in ("all", outcome.goal.kind)]
        turns = sum(outcome.turns for outcome in of)
        reached = [outcome.turns for outcome in of if outcome.success]
        made.add_row(
            kind,
            str(some),
            f"{len(reached) / len(of):.1%}",
            f"{statistics.mean(reached):.1f}" if reached else "-",
            f"{sum(outcome.fallbacks for outcome in of) / max(turns, 1):.1%}",
            f"{sum(outcome.seconds for outcome in of) / max(turns, 1):.2f}",
        )
    return made


@contextmanager
def talking_to(settings: Settings, url: str) -> Iterator[tuple[Settings, str]]:
    with Gateway(settings, url) as gateway:
        gateway.ready()
    yield settings, url


@contextmanager
def started(settings: Settings, console: Console) -> Iterator[tuple[Settings, str]]:
    """A shop of its own over a copy of the store, on free ports; it and the copy are gone afterwards. Raises CannotChat."""
    from cli.prepare import CannotPrepare
    from cli.supervise import free_ports, start, stop, wait_until_healthy

    if settings.database_url:
        raise CannotChat("only an SQLite store is copied. Start the shop (make run) and name it: --url http://127.0.0.1:8000")
    with tempfile.TemporaryDirectory(prefix="shopkeeper-simulate-") as folder:
        copied(settings.var_dir, Path(folder))
        web, rasa, actions = free_ports(3)
        own = settings.model_copy(
            update={"var_dir": Path(folder), "port": web, "rasa_port": rasa, "actions_port": actions, "retrain_after_interactions": 10**9}
        )
        console.print(f"starting a shop over a copy of {settings.var_dir} ...", style="dim")
        supervisor = None
        try:
            supervisor = start(own, ())
            wait_until_healthy(own, supervisor, ())
            yield own, f"http://127.0.0.1:{web}"
        except CannotPrepare as problem:
            raise CannotChat(str(problem)) from None
        finally:
            if supervisor is not None:
                stop(supervisor)


def copied(source: Path, to: Path) -> None:
    """The data folder, without logs: the store as of now, models by link, the rest by copy."""
    if not (source / "shop.db").exists():
        raise CannotChat(f"there is no shop in {source}. Set it up first: .venv/bin/shopkeeper up --prepare-only")
    with closing(sqlite3.connect(source / "shop.db")) as old, closing(sqlite3.connect(to / "shop.db")) as new:
        old.backup(new)
    for item in source.iterdir():
        if item.name in ("logs", "run") or item.name.startswith("shop.db"):
            continue
        if item.is_dir() and item.name != "secrets":
            (to / item.name).symlink_to(item.resolve())
        elif item.is_dir():
            shutil.copytree(item, to / item.name)
        else:
            shutil.copy(item, to / item.name)
