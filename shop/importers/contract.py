"""The contract of an importer, and the way every import goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shop.importers.apply import apply
from shop.importers.reading import FileProblem, Table, open_table
from shop.importers.report import CleaningReport
from shop.importers.staged import Staged
from shop.store import Store


@dataclass(frozen=True)
class Context:
    """What an importer is told besides the file. `zone`: IANA name, for times that have none; `mapping`: our column name -> the file's."""

    kind: str
    currency: str = "GBP"
    zone: str = "Europe/London"
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Importer:
    """`stage` reads the table row by row and returns clean rows; it touches neither the store nor any other file.

    Each row it reads is kept, or dropped in the report with a reason. It raises FileProblem where the file as a whole is of no use.
    """

    name: str
    kinds: tuple[str, ...]
    stage: Callable[[Table, Context, CleaningReport], Staged]


def importer(name: str) -> Importer:
    """The importer of that name: shopify, generic or online-retail."""
    from shop.importers import generic, online_retail, shopify

    known = {module.IMPORTER.name: module.IMPORTER for module in (shopify, generic, online_retail)}
    if name not in known:
        raise FileProblem(f"there is no importer {name!r}; there are {', '.join(known)}")
    return known[name]


def import_file(
    store: Store,
    path: Path,
    name: str,
    kind: str = "",
    *,
    currency: str = "GBP",
    zone: str = "Europe/London",
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
    progress: Callable[[str], None] | None = None,
) -> CleaningReport:
    """Reads, cleans and stages the whole file; then writes everything in one transaction, or, on a dry run, nothing.

    Importing the same file again changes nothing. Raises FileProblem, with the store untouched, where the file is of no use.
    `progress` is told of each step.
    """
    say = progress or (lambda step: None)
    chosen = importer(name)
    kind = kind or chosen.kinds[0]
    if kind not in chosen.kinds:
        raise FileProblem(f"{name} knows no {kind!r}; --kind is one of {', '.join(chosen.kinds)}")
    report = CleaningReport(path.name)
    say(f"looking through {path.name}")
    table = open_table(path)
    say("reading and cleaning")
    staged = chosen.stage(table, Context(kind, currency, zone, mapping or {}), report)
    if not report.read:
        raise FileProblem(f"{path.name} has a header but no rows")
    if not dry_run:
        say("writing to the store")
        with store.write() as session:
            apply(session, staged, report)
    return report
