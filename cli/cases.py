"""`shopkeeper cases`: what customers reported and a person has to look into."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from cli.terminal import plain
from shop import cases
from shop.models import Case, Customer, Order
from shop.settings import Settings
from shop.store import Store

app = typer.Typer(help="What customers reported and a person has to look into.", no_args_is_help=True)


@app.command("list")
def list_cases(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print the cases as JSON.")] = False,
) -> None:
    """Show the open cases, the longest waiting first, with the customer's own words."""
    with opened() as store, store.read() as session:
        rows = [
            {
                "number": case.number, "kind": case.kind, "opened": case.opened_at.isoformat(timespec="minutes"), "text": case.text,
                "customer": session.get_one(Customer, case.customer_id).email or f"guest {case.customer_id}",
                "order": session.get_one(Order, case.order_id).number if case.order_id else "",
            }
            for case in cases.open_cases(session, limit)
        ]  # fmt: skip
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    elif not rows:
        print("No case is open.")
    else:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False)
        for column in rows[0]:
            table.add_column(column, overflow="fold", no_wrap=column == "number")
        for row in rows:
            table.add_row(*(plain(value) for value in row.values()))
        Console().print(table)


@app.command()
def close(number: Annotated[str, typer.Argument(metavar="NUMBER", help="The case's number, CS-XXXX-XXXX.")]) -> None:
    """Close a case that has been dealt with; the customer is told so when they ask about it."""
    with opened() as store, store.write() as session:
        case = cases.by_number(session, number)
        if case is None:
            typer.echo(f"There is no case {number}. The open ones shows: shopkeeper cases list", err=True)
            raise typer.Exit(1)
        was_open = case.state == "open"
        closed: Case = cases.resolve(session, case.id)
        print(f"{closed.number} is closed." if was_open else f"{closed.number} was closed already.")


@contextmanager
def opened() -> Iterator[Store]:
    store = Store(Settings().store_url)
    try:
        yield store
    except SQLAlchemyError as error:
        typer.echo(f"The database cannot be used ({type(error).__name__}). Run: shopkeeper doctor", err=True)
        raise typer.Exit(1) from None
    finally:
        store.close()
