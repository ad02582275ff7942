"""`shopkeeper promotions`: codes that lower prices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.terminal import fail
from shop import promotions
from shop.errors import ShopError
from shop.models import now
from shop.money import format_minor
from shop.settings import Settings
from shop.store import Store

app = typer.Typer(no_args_is_help=True, help="Make, list and end codes that take something off the prices of a cart.")
console = Console()

Code = Annotated[str, typer.Argument(help="What customers type, in any case: 3 to 40 letters, digits and hyphens.")]
REFUSALS = {
    "bad_code": "a code is 3 to 40 letters, digits and hyphens",
    "bad_percent": "--percent must be from 1 to 90",
    "code_exists": "there is such a code already; `shopkeeper promotions list` shows all",
}


@app.command()
def add(
    code: Code,
    percent: Annotated[int, typer.Option(help="Taken off every price, 1 to 90.")],
    minimum: Annotated[int, typer.Option(min=0, help="What a cart must come to, in minor units (pence); 0: any cart.")] = 0,
    until: Annotated[
        datetime | None, typer.Option(help="Until when the code is worth something (UTC); without it: until it is ended.")
    ] = None,
    public: Annotated[bool, typer.Option(help="Whether the bot tells it to whoever asks for offers.")] = False,
) -> None:
    """Make a code.

    Example: shopkeeper promotions add SPRING10 --percent 10 --minimum 3000 --until 2027-04-30 --public
    """
    ends = until.replace(tzinfo=UTC) if until else None
    if ends is not None and ends <= now():
        fail("--until lies in the past: nobody could use the code")
    store = Store(Settings().store_url)
    try:
        with store.write() as session:
            made = promotions.create(session, code, percent, minimum, ends, public)
    except ShopError as refusal:
        fail(REFUSALS[refusal.code])
    finally:
        store.close()
    console.print(f"{made.code} takes {made.percent} % off from now on.")


@app.command("list")
def show() -> None:
    """List the codes that are worth something now."""
    settings = Settings()
    store = Store(settings.store_url)
    with store.read() as session:
        rows = promotions.running(session)
    store.close()
    table = Table()
    for name in ("code", "takes off", "from", "until", "told to everybody"):
        table.add_column(name)
    for row in rows:
        least = format_minor(row.minimum_minor, settings.currency, settings.locale) if row.minimum_minor else ""
        ends = f"{row.ends_at:%Y-%m-%d %H:%M}" if row.ends_at else ""
        table.add_row(escape(row.code), f"{row.percent} %", least, ends, "yes" if row.public else "no")
    console.print(table if rows else "No codes are running.")


@app.command()
def end(code: Code) -> None:
    """End a code: it is worth nothing from now on, on carts that bear it too."""
    store = Store(Settings().store_url)
    with store.write() as session:
        found = promotions.end(session, code)
    store.close()
    if not found:
        fail(f"there is no code {code.strip().upper()}")
    console.print(f"{escape(code.strip().upper())} is ended.")
