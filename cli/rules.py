"""`shopkeeper rules`: what the merchant decides over recommendations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.terminal import fail
from shop import merchandising
from shop.settings import Settings
from shop.store import Store

app = typer.Typer(
    no_args_is_help=True, help="Pin, hide or boost products in every list of recommendations, or allow what was bought again."
)
console = Console()

Field = Annotated[str, typer.Argument(help=f"What the rule goes by: {', '.join(merchandising.FIELDS)}.")]
Value = Annotated[str, typer.Argument(help="Its value, as the catalogue has it; a category may be any part of its path.")]
From = Annotated[datetime | None, typer.Option("--from", help="From when the rule holds (UTC); without it: now.")]
Until = Annotated[datetime | None, typer.Option("--until", help="Until when it holds (UTC); without it: until it is removed.")]
Note = Annotated[str, typer.Option(help="Why, for your colleagues.")]


@app.command()
def pin(field: Field, value: Value, since: From = None, until: Until = None, note: Note = "") -> None:
    """Show the products first in recommendations, and in searches that find them.

    Example: shopkeeper rules pin sku HH-00101 --until 2027-01-01
    """
    _add("pin", field, value, 0.0, since, until, note)


@app.command()
def hide(field: Field, value: Value, since: From = None, until: Until = None, note: Note = "") -> None:
    """Leave the products out of every list, searches too; their pages and orders stay as they are.

    Example: shopkeeper rules hide brand "Wick & Wren"
    """
    _add("hide", field, value, 0.0, since, until, note)


@app.command()
def boost(
    field: Field,
    value: Value,
    by: Annotated[float, typer.Option(help="A share of the best product's score, -1 to 1; below 0 it lowers.")] = 0.2,
    since: From = None,
    until: Until = None,
    note: Note = "",
) -> None:
    """Raise the products in every list, or lower them with a negative share.

    Example: shopkeeper rules boost category Garden --by 0.15 --from 2026-04-01
    """
    _add("boost", field, value, by, since, until, note)


@app.command()
def again(field: Field, value: Value, since: From = None, until: Until = None, note: Note = "") -> None:
    """Recommend the products also to customers who bought them before: what is used up is bought again.

    Example: shopkeeper rules again category Candles
    """
    _add("again", field, value, 0.0, since, until, note)


@app.command("list")
def show() -> None:
    """List all rules, with those that hold now marked."""
    store = Store(Settings().store_url)
    with store.read() as session:
        rows, now = merchandising.rules(session), {rule.id for rule in merchandising.active(session)}
        table = Table()
        for name in ("", "kind", "products", "by", "from", "until", "holds now", "note"):
            table.add_column(name)
        for rule in rows:
            days = [f"{moment:%Y-%m-%d %H:%M}" if moment else "" for moment in (rule.starts_at, rule.ends_at)]
            by = f"{rule.weight:+.2f}" if rule.kind == "boost" else ""
            holds = "yes" if rule.id in now else "no"
            table.add_row(str(rule.id), rule.kind, f"{rule.field} {escape(rule.value)}", by, *days, holds, escape(rule.note))
    store.close()
    console.print(table if rows else "No rules: the recommender decides alone.")


@app.command()
def remove(number: Annotated[int, typer.Argument(help="The rule's number, as `shopkeeper rules list` shows it.")]) -> None:
    """End a rule for good; a running shop goes by it within a second."""
    store = Store(Settings().store_url)
    with store.write() as session:
        found = merchandising.remove(session, number)
    store.close()
    if not found:
        fail(f"there is no rule {number}")
    console.print(f"Rule {number} is removed.")


def _add(kind: str, field: str, value: str, weight: float, since: datetime | None, until: datetime | None, note: str) -> None:
    store = Store(Settings().store_url)
    starts, ends = (moment.replace(tzinfo=UTC) if moment else None for moment in (since, until))
    try:
        with store.write() as session:
            rule = merchandising.add(session, kind, field, value, weight, starts, ends, note)
    except ValueError as problem:
        fail(str(problem))
    finally:
        store.close()
    console.print(f"Rule {rule.id}: {kind} {field} {escape(rule.value)}. A running shop goes by it within a second.")
