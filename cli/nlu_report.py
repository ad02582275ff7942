"""`shopkeeper nlu-report`: how well the bot reads its own examples while it has not learned them, as one HTML page."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

console = Console()
BINS = 10
THIN = 15  # examples of an intent below which the page points it out
WORST = 30


def nlu_report(
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the page.")] = Path("var/reports/nlu.html"),
) -> None:
    """Draw the bot's understanding of its own examples, cross-validated: confusions, confidence, every intent, what to improve.

    Takes about twice as long as training. Example: shopkeeper nlu-report --out nlu.html
    """
    from cli.prepare import RASA_PYTHON, rasa_environment
    from recommender.encoder import EncoderMissing
    from recommender.export import export
    from shop.settings import PROJECT, Settings

    settings = Settings()
    try:
        export(settings)
        with tempfile.TemporaryDirectory() as folder, console.status("cross-validating the examples (a minute or two)"):
            found = Path(folder) / "found.json"
            command = [str(RASA_PYTHON), "-m", "bot.rasa.crossvalidate", str(found)]
            run = subprocess.run(command, cwd=PROJECT, env=rasa_environment(settings), capture_output=True, text=True)
            if run.returncode:
                raise OSError(run.stderr.strip() or "the Rasa environment is missing. Run: make setup")
            page = rendered(json.loads(found.read_text()), datetime.now().astimezone())
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page, encoding="utf-8")
    except (EncoderMissing, OSError) as problem:
        console.print(f"[red]No report:[/red] {escape(str(problem))}", soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(f"The report: {out}", soft_wrap=True)


def rendered(found: dict[str, Any], when: datetime) -> str:
    """The page for what bot/rasa/crossvalidate.py found."""
    from jinja2 import Environment, FileSystemLoader

    pages = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    written = [row for row in found["rows"] if not row["copy"]]
    mistyped = [row for row in found["rows"] if row["copy"]]
    table = intents(written, mistyped)
    return pages.get_template("nlu_report.html").render(
        when=when,
        written=len(written),
        accuracy=_share(written),
        typos=_share(mistyped) if mistyped else None,
        macro=sum(row["f1"] for row in table) / len(table),
        doubt=found["doubt"],
        bins=confidence_bins(written),
        matrix=matrix(written),
        table=table,
        worst=confusions(written),
        thin=[row for row in table if row["support"] < THIN],
        thin_below=THIN,
        alike=found["alike"],
    )


def right(row: dict[str, Any]) -> bool:
    return row["ranking"][0][0] == row["intent"]


def intents(written: list[dict[str, Any]], mistyped: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Precision, recall, F1 and support of each intent, and its recall when mistyped; the weakest first."""
    support = Counter(row["intent"] for row in written)
    named = Counter(row["ranking"][0][0] for row in written)
    hits = Counter(row["intent"] for row in written if right(row))
    typed, typed_hits = Counter(row["intent"] for row in mistyped), Counter(row["intent"] for row in mistyped if right(row))
    wrong: dict[str, Counter[str]] = defaultdict(Counter)
    for row in written:
        if not right(row):
            wrong[row["intent"]][row["ranking"][0][0]] += 1
    table = []
    for name, count in support.items():
        precision, recall = hits[name] / named[name] if named[name] else 0.0, hits[name] / count
        table.append(
            {
                "name": name,
                "support": count,
                "precision": precision,
                "recall": recall,
                "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
                "typos": typed_hits[name] / typed[name] if typed[name] else None,
                "taken_for": wrong[name].most_common(2),
            }
        )
    return sorted(table, key=lambda row: (row["f1"], row["name"]))


def confidence_bins(rows: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Of each tenth of confidence: how many messages, their mean confidence and the share read rightly."""
    bins: list[list[dict[str, Any]]] = [[] for _ in range(BINS)]
    for row in rows:
        bins[min(int(row["ranking"][0][1] * BINS), BINS - 1)].append(row)
    return [
        {"count": len(part), "confidence": sum(row["ranking"][0][1] for row in part) / len(part) if part else 0.0, "right": _share(part)}
        for part in bins
    ]


def matrix(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The confusion matrix: names, and a cell (row, column, count, share of the row) for each pair that occurs."""
    names = sorted({row["intent"] for row in rows} | {row["ranking"][0][0] for row in rows})
    place, support = {name: k for k, name in enumerate(names)}, Counter(row["intent"] for row in rows)
    counts = Counter((row["intent"], row["ranking"][0][0]) for row in rows)
    cells = [(place[true], place[guess], count, count / support[true]) for (true, guess), count in sorted(counts.items())]
    return {"names": names, "cells": cells}


def confusions(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pairs of intents that are taken for one another most often, with their sentences, the surest mistake first."""
    pairs: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if not right(row):
            pairs[tuple(sorted((row["intent"], row["ranking"][0][0])))].append(row)
    worst = sorted(pairs.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:WORST]
    return [{"pair": pair, "rows": sorted(part, key=lambda row: -row["ranking"][0][1])} for pair, part in worst]


def _share(rows: list[dict[str, Any]]) -> float:
    return sum(map(right, rows)) / len(rows) if rows else 0.0
