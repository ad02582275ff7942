"""`shopkeeper report`: the support desk's figures as a page that can be mailed or put on a screen."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from jinja2 import Environment, FileSystemLoader
from rich.console import Console

from shop.settings import PROJECT, Settings
from shop.store import Store

app = typer.Typer(help="Reports of the support desk.", no_args_is_help=True)
console = Console()


@app.callback()
def report() -> None:
    """Reports of the support desk."""


@app.command()
def daily(
    day: Annotated[str, typer.Option(help="The day, in the shop's time zone, to report on, such as 2026-11-30; default: yesterday.")] = "",
    out: Annotated[Path | None, typer.Option(help="Where the page goes; default: var/reports/DAY.html.")] = None,
) -> None:
    """Write the figures of one day beside those of the day before as one HTML page that needs nothing else.

    They are the dashboard's figures; the page says what each means, how it was counted, and names no customer but in what was said.
    """
    from shop import figures
    from shop.models import now

    settings = Settings()
    zone = ZoneInfo(settings.timezone)
    try:
        wanted = date.fromisoformat(day) if day else now().astimezone(zone).date() - timedelta(days=1)
    except ValueError:
        raise typer.BadParameter("a day is written as 2026-11-30", param_hint="--day") from None
    span = figures.Span(wanted, wanted, zone)
    store = Store(settings.store_url)
    try:
        with store.read() as session:
            current, before = figures.of(session, span), figures.of(session, span.before())
    finally:
        store.close()
    target = out or settings.var_dir / "reports" / f"{wanted}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(settings.shop_name, current, before), encoding="utf-8")
    console.print(f"The report of {wanted} is in {target}", soft_wrap=True, highlight=False)


def page(shop_name: str, current, before) -> str:
    """The report, with the console's own style sheets inside."""
    from console import drawing, showing
    from console.dashboard import specs, view

    folder = PROJECT / "console"
    loader = FileSystemLoader([Path(__file__).parent / "templates", folder / "templates"])
    env = Environment(loader=loader, autoescape=True)
    env.filters |= {"spell": showing.spell, "day": showing.day}
    styles = "\n".join((folder / "static" / name).read_text(encoding="utf-8") for name in ("console.css", "figures.css"))
    styles = re.sub(r"</", r"<\\/", styles)
    pictures = {name: drawing.draw(spec) for name, spec in specs(current, before).items() if spec}
    shown = {"shop_name": shop_name, "styles": styles, "home": None, "pictures": pictures}
    return env.get_template("report.html").render(view(current, before) | shown)
