"""`shopkeeper understand`: reads a column of customers' messages with the shop's own bot."""

from __future__ import annotations

import csv
import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

errors = Console(stderr=True)
OURS = ("intent", "confidence", "runner_up", "runner_up_confidence", "entities", "out_of_scope", "doubt")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet take a cell for a formula


def understand(
    file: Annotated[Path, typer.Argument(help="A CSV file, plain or gzip, in any encoding, with a column text.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the CSV file with what was understood.")],
) -> None:
    """Read the column text of a CSV file with the trained bot: intent, confidence, runner-up, entities, out-of-scope score of each row.

    The file's own columns are kept; one that has the name of a column of ours is called given_NAME. Cells that a spreadsheet would take
    for formulas get an apostrophe in front. Example: shopkeeper understand messages.csv --out understood.csv
    """
    from shop.importers.reading import FileProblem, open_table
    from shop.importers.report import CleaningReport

    try:
        table = open_table(file, narrow=True)
        place = table.columns({"text": ("text",)}, ("text",))["text"]
        if out.exists() and out.samefile(file):
            raise FileProblem(f"{out} is the file to be read: give --out another name")
        report = CleaningReport("messages")
        with tempfile.TemporaryFile("w+", encoding="utf-8") as texts:
            texts.writelines(json.dumps(fields[place]) + "\n" for _, fields in table.rows(report))
            count = report.kept
            texts.seek(0)
            rows = (fields for _, fields in table.rows(CleaningReport("messages")))
            with _whole(out) as target:
                _write(target, table.header, rows, _read(texts), count)
    except (FileProblem, OSError, NotUnderstood) as problem:
        errors.print(f"[red]Not done:[/red] {escape(str(problem))}", soft_wrap=True)
        raise typer.Exit(1) from None
    dropped = f"; {report.read - count:,} rows had the wrong number of columns and were left out" if report.read > count else ""
    errors.print(f"{count:,} messages read: {escape(str(out))}{dropped}", soft_wrap=True)


@contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """A file that takes the place of `path` when it is complete, and leaves nothing behind when it is not."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", newline="", encoding="utf-8") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


class NotUnderstood(Exception):
    """Why the bot could not read the messages."""


def _write(out: TextIO, header: tuple[str, ...], rows: Iterator[list[str]], answers: Iterator[dict[str, Any]], count: int) -> None:
    writer = csv.writer(out)
    writer.writerow([*(f"given_{name}" if name.lower() in OURS else _safe(name) for name in header), *OURS])
    with Progress(console=errors, transient=True) as progress:
        task = progress.add_task("reading messages", total=count)
        for fields, answer in zip(rows, answers, strict=True):
            writer.writerow([*map(_safe, fields), *cells(answer)])
            progress.advance(task)


def cells(answer: dict[str, Any]) -> list[str]:
    """The cells of OURS for what bot/rasa/understand.py says of a text."""
    ranking = answer.get("intent_ranking") or []
    intent = answer["intent"]["name"] or ""
    others = [guess for guess in ranking if guess["name"] != intent][:1]
    entities = [{key: value for key, value in entity.items() if key != "extractor"} for entity in answer.get("entities") or ()]
    return [
        intent,
        f"{answer['intent']['confidence']:.4f}",
        *([others[0]["name"], f"{others[0]['confidence']:.4f}"] if others else ["", ""]),
        json.dumps(entities, ensure_ascii=False),
        f"{answer['out_of_scope']:.4f}" if "out_of_scope" in answer else "",
        answer.get("doubt") or "",
    ]


def _read(texts: TextIO) -> Iterator[dict[str, Any]]:
    """What the bot makes of the texts, JSON strings, one a line. Raises NotUnderstood when its process fails."""
    from cli.prepare import RASA_PYTHON, bot_models, rasa_environment
    from shop.settings import PROJECT, Settings

    if not RASA_PYTHON.exists():
        raise NotUnderstood("the Rasa environment is missing. Run: make setup")
    settings = Settings()
    command = [str(RASA_PYTHON), "-m", "bot.rasa.understand", "--model", str(bot_models(settings).resolve())]
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            command, cwd=PROJECT, env=rasa_environment(settings), stdin=texts, stdout=subprocess.PIPE, stderr=said, text=True
        ) as reading,
    ):
        for line in reading.stdout or ():
            yield json.loads(line)
        if reading.wait():
            said.seek(0)
            raise NotUnderstood((said.read().strip().splitlines() or ["the bot's process ended"])[-1])


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
