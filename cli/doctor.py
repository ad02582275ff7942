"""`shopkeeper doctor`: what is installed, healthy, trained and out of date, and how to mend it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.health import models, processes, storage
from cli.health.check import Check, guarded
from cli.health.environment import environment
from cli.terminal import plain
from shop.settings import PROJECT, Settings

MARK = {"ok": ("ok", "green"), "warn": ("look", "yellow"), "fail": ("fail", "bold red")}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False) -> None:
    """Examine the installation: both Python environments, the processes, the database, the disk and the trained models.

    For each problem the command that mends it is given. Ends with code 1 when something has failed.
    """
    checks = examine(Settings())
    failed = sum(check.state == "fail" for check in checks)
    if as_json:
        print(json.dumps({"healthy": not failed, "checks": [asdict(check) for check in checks]}, indent=1, ensure_ascii=False))
    else:
        show(checks)
    raise typer.Exit(1 if failed else 0)


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which the parts stand on one another."""
    examinations = {
        "application": lambda: environment("application packages", PROJECT / ".venv", PROJECT / "requirements/app.txt", "3.11+"),
        "rasa packages": lambda: environment("Rasa packages", PROJECT / ".venv-rasa", PROJECT / "bot/rasa/requirements.txt", "3.10"),
        "disk": lambda: storage.disk(settings),
        "database": lambda: storage.database(settings),
        "policies": lambda: storage.promises(settings),
        "encoder": lambda: models.encoder(settings),
        "recommender model": lambda: models.recommender(settings),
        "bot model": lambda: models.bot(settings),
        "processes": lambda: processes.http_processes(settings),
        "worker": lambda: processes.worker(settings),
    }
    return [check for name, examination in examinations.items() for check in guarded(name, examination)]


def show(checks: list[Check]) -> None:
    console = Console()
    table = Table(box=box.SIMPLE_HEAD, show_edge=False)
    table.add_column("")
    table.add_column("what", no_wrap=True)
    table.add_column("found")
    table.add_column("to mend it", style="cyan")
    for check in checks:
        mark, style = MARK[check.state]
        table.add_row(Text(mark, style), check.name, plain(check.detail), plain(check.mend))
    console.print(table)
    counts = {state: sum(check.state == state for check in checks) for state in MARK}
    if counts["fail"] or counts["warn"]:
        console.print(f"\n{counts['ok']} of {len(checks)} checks are well, {counts['warn']} to look at, {counts['fail']} failed.")
    else:
        console.print(f"\nAll {len(checks)} checks are well.")
