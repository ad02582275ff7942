"""What got better and what got worse: figures of two models on the same messages, as text and as pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template
from rich.table import Table


@dataclass(frozen=True)
class Case:
    """A message, what it may be taken for, and what the two models took it for."""

    text: str
    wanted: tuple[str, ...]
    before: str
    after: str

    def right(self, reading: str) -> bool:
        return reading in self.wanted


@dataclass(frozen=True)
class Share:
    """Of an intent's messages: how many there are and how many each model read rightly."""

    intent: str
    count: int
    before: int
    after: int


def shares(cases: Sequence[Case]) -> list[Share]:
    """By intent (the first of those that count as right), the largest change first."""
    intents: dict[str, list[Case]] = {}
    for case in cases:
        intents.setdefault(case.wanted[0], []).append(case)
    found = [
        Share(intent, len(some), sum(case.right(case.before) for case in some), sum(case.right(case.after) for case in some))
        for intent, some in intents.items()
    ]
    return sorted(found, key=lambda share: (-abs(share.after - share.before), share.intent))


def total(cases: Sequence[Case]) -> Share:
    return Share("all", len(cases), sum(case.right(case.before) for case in cases), sum(case.right(case.after) for case in cases))


def table(title: str, cases: Sequence[Case]) -> Table:
    """Intents whose figures differ, and the total."""
    shown = Table(title=title, title_justify="left")
    for heading in ("intent", "messages", "right before", "right after", "change"):
        shown.add_column(heading, justify="left" if heading == "intent" else "right")
    changed = [share for share in shares(cases) if share.before != share.after]
    for share in [*changed, total(cases)]:
        change = share.after - share.before
        colour = "green" if change > 0 else "red" if change < 0 else "dim"
        shown.add_row(share.intent, str(share.count), str(share.before), str(share.after), f"[{colour}]{change:+d}[/{colour}]")
    return shown


def confused(cases: Sequence[Case]) -> list[str]:
    """Intents that were mistaken, or taken for another, at least once by either model."""
    wrong = [(case, reading) for case in cases for reading in (case.before, case.after) if not case.right(reading)]
    return sorted({name for case, reading in wrong for name in (case.wanted[0], reading)})


def confusion_svg(cases: Sequence[Case], after: bool) -> str:
    """The confusion matrix: a row an intent as it is meant, a column as it was read; the deeper, the more of the row. Only intents that
    were ever confused stand in it, the same in both pictures."""
    return _template("confusion.svg").render(_matrix(cases, after))


def page(parts: dict[str, Sequence[Case]]) -> str:
    """All of it as one HTML page that needs nothing else."""
    shown = [
        {
            "title": title, "total": total(cases), "shares": shares(cases), "pictures": [_matrix(cases, False), _matrix(cases, True)],
            "changed": changed(cases),
        }
        for title, cases in parts.items()
    ]  # fmt: skip
    return _template("check.html").render(parts=shown)


def changed(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """What is read otherwise now, by whether that is worse, better, or another mistake."""
    found: dict[str, list[Case]] = {"Worse now": [], "Better now": [], "Still wrong, otherwise": []}
    for case in cases:
        if case.before != case.after and not (case.right(case.before) and case.right(case.after)):
            kind = "Worse now" if case.right(case.before) else "Better now" if case.right(case.after) else "Still wrong, otherwise"
            found[kind].append(case)
    return found


def _matrix(cases: Sequence[Case], after: bool) -> dict[str, Any]:
    """What the picture needs: names, and of each cell its row, column, count and share of the row."""
    readings = [(case, case.after if after else case.before) for case in cases]
    pairs = Counter((reading if case.right(reading) else case.wanted[0], reading) for case, reading in readings)
    names = confused(cases)
    sums = {name: sum(count for (meant, _), count in pairs.items() if meant == name) for name in names}
    cells = [
        {"row": row, "column": column, "count": count, "share": count / sums[meant], "of": sums[meant], "meant": meant, "read": found}
        for row, meant in enumerate(names)
        for column, found in enumerate(names)
        if (count := pairs[meant, found])
    ]
    return {"when": "after" if after else "before", "names": names, "cells": cells}


def _template(name: str) -> Template:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(name)
