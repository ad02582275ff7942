"""How times and money are written on the pages."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from babel.dates import format_date, format_time, format_timedelta
from jinja2 import Environment

from console.markdown import html_of
from shop.models import now
from shop.money import format_minor
from shop.settings import Settings

# The first that is found counts: most call themselves Chrome or Safari, too.
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))


def install(env: Environment, settings: Settings) -> None:
    """Filters `ago`, `picture`, `moment` (UTC; the browser turns it into its own time by `<time>`), `money`,
    `markdown`."""
    env.filters["ago"] = lambda at: ago(at, settings.locale)
    env.filters["moment"] = lambda at: moment(at, settings.locale)
    env.filters["money"] = lambda minor, currency: format_minor(minor, currency, settings.locale)
    env.filters["picture"] = picture
    env.filters["select_true"] = lambda found: [name for name, true in found.items() if true]
    env.filters["day"] = lambda at: day(at, settings.locale)
    env.filters["browser"] = browser
    env.filters["spell"] = spell
    env.filters["markdown"] = html_of


def spell(name: str) -> str:
    """An intent, an action of the audit log ... as words."""
    return name.replace("_", " ").replace(".", ": ")


def picture(card: dict[str, Any]) -> str:
    """The address of a card's picture when it is one of ours or of the web, else of the drawing of its product."""
    address = card.get("image") or ""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours or address.startswith("https://") else f"/images/{quote(str(card.get('sku', '')), safe='')}.svg"


def day(at: date | str, locale: str = "en_GB") -> str:
    """ "16 Nov"."""
    return format_date(at if isinstance(at, date) else date.fromisoformat(at), "d MMM", locale=locale)


def browser(agent: str) -> str:
    """What a browser calls itself, in short: "Firefox on Windows"; its first words where it is none that we know."""
    name, system = (next((title for mark, title in known if mark in agent), "") for known in (BROWSERS, SYSTEMS))
    return f"{name} on {system}" if name and system else name or agent[:40] or "A browser"


def ago(at: datetime | None, locale: str = "en_GB") -> str:
    """ "5 minutes"; empty for None."""
    if at is None:
        return ""
    return format_timedelta(max(now() - at, timedelta(seconds=1)), locale=locale, threshold=1.2)


def moment(at: datetime | None, locale: str = "en_GB") -> str:
    """ "14:05" today, "3 Mar, 14:05" this year, "3 Mar 2025" before."""
    if at is None:
        return ""
    today = now().date()
    if at.date() == today:
        return format_time(at, "HH:mm", locale=locale)
    if at.year == today.year:
        return format_date(at.date(), "d MMM", locale=locale) + ", " + format_time(at, "HH:mm", locale=locale)
    return format_date(at.date(), "d MMM y", locale=locale)
