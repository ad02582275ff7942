"""Figures of the support desk: a span beside the one before, and the conversations behind every number."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from console import charts, drawing, showing
from console.context import console
from console.pages import Pages, home, render
from console.problems import Refusal
from shop import figures, figures_behind, transcripts
from shop.figures import DEFINITIONS, Figures, Span
from shop.figures_behind import OUTCOMES, title_of
from shop.models import now

router = Pages()
LONGEST = 366  # days
MOST_LISTED = 500


@router.page("/dashboard", "figures.see")
async def show(request: Request) -> Response:
    span = span_of(request)
    site = console(request)
    current, before = await site.database.read(_both, span)
    drawn = await drawing.pictures(specs(current, before, home(request), site.settings.locale))
    return render(request, "dashboard.html", view(current, before) | {"pictures": drawn})


@router.page("/dashboard/conversations", "chats.see")
async def behind(request: Request) -> Response:
    """The conversations behind a number: ?figure= and, where it is one of many, ?value=."""
    given = request.query_params
    span, figure, value = span_of(request), given.get("figure", "conversations"), given.get("value", "")[:1000]
    try:
        title, definition = title_of(figure, value)
    except KeyError:
        raise Refusal(404, "There is no such figure.") from None
    entries, threads, count = await console(request).database.read(_behind, span, figure, value)
    content = {"entries": entries, "count": count, "threads": threads, "span": span, "title": title, "definition": definition}
    return render(request, "dashboard_list.html", content)


def span_of(request: Request) -> Span:
    """?from= and ?to= (days, both included); by default the last seven. Raises Refusal."""
    zone, given = ZoneInfo(console(request).settings.timezone), request.query_params
    today = now().astimezone(zone).date()
    try:
        last = date.fromisoformat(given["to"]) if given.get("to") else today
        first = date.fromisoformat(given["from"]) if given.get("from") else last - timedelta(days=6)
    except ValueError:
        raise Refusal(422, "A day is written as 2026-11-30.") from None
    if not (first <= last and (last - first).days < LONGEST and 1970 < first.year < 9000):
        raise Refusal(422, f"A span has 1 to {LONGEST} days, the first before the last.")
    return Span(first, last, zone)


def view(current: Figures, before: Figures) -> dict[str, Any]:
    """What the page and the daily report show beside the pictures of `specs`."""
    tiles = [
        *((name, title, "count") for name, title in OUTCOMES.items()),
        *((name, title_of(name)[0], "time") for name in ("first_response", "resolution")),
        *((name, title_of(name)[0], "share") for name in ("fallback_rate", "csat")),
    ]
    return {
        "now": current, "before": before, "span": current.span, "definitions": DEFINITIONS,
        "tiles": [_tile(name, title, current, before, kind) for name, title, kind in tiles], "ends": _ends(current),
        "moved": moved(current, before), "today": now().astimezone(current.span.zone).date(),
        "spans": (1, 7, 30, 90), "timedelta": timedelta,
    }  # fmt: skip


def specs(current: Figures, before: Figures, home: str | None = None, locale: str = "en_GB") -> dict[str, charts.Spec | None]:
    """The charts by name; a tile's line has the tile's. `home`: where the console is, for the links; none in a report."""
    link, written_day = _link(home, current.span), partial(showing.day, locale=locale)
    lines = {"conversations": list(current.daily.values()), **current.rates}
    return {
        "days": charts.daily(
            {day.isoformat(): count for day, count in current.daily.items()}, list(before.daily.values()), written_day, link
        ),
        "hours": charts.hourly(current.hours, link),
        "ends": charts.shares(_ends(current), link),
        **{name: charts.spark(values) for name, values in lines.items()},
    }


def _link(home: str | None, span: Span) -> charts.Link:
    def link(figure: str, value: str = "", first: str = "", last: str = "") -> str | None:
        asked = urlencode({"figure": figure, "value": value, "from": first or span.first, "to": last or span.last})
        return None if home is None else f"{charts.HOST}{home}/dashboard/conversations?{asked}"

    return link


def _ends(current: Figures) -> dict[str, tuple[str, int]]:
    """How conversations ended, each in one way only: {figure: (title, count)}."""
    return {
        "by_bot": ("resolved by the bot", current.by_bot),
        "handed_over": ("handed over", current.handed_over - current.reopened),
        "reopened": ("handed over again", current.reopened),
        "abandoned": ("abandoned", current.abandoned),
    }


def _tile(name: str, title: str, current: Figures, before: Figures, kind: str) -> dict[str, Any]:
    value, old = getattr(current, name), getattr(before, name)
    return {"name": name, "title": title, "value": written(value, kind), "was": written(old, kind), "trend": trend(value, old, kind)}


def moved(current: Figures, before: Figures, most: int = 8) -> list[tuple[str, int, int, float]]:
    """(intent, messages, messages before, change of its share in points) of those that rose or fell most, if only by a tenth."""
    names = set(current.intents) | set(before.intents)
    rows = [
        (name, current.intents.get(name, 0), before.intents.get(name, 0),
         100 * (current.intents.get(name, 0) / max(current.messages, 1) - before.intents.get(name, 0) / max(before.messages, 1)))
        for name in names
    ]  # fmt: skip
    largest = sorted((row for row in rows if abs(row[3]) >= 0.05), key=lambda row: (-abs(row[3]), row[0]))[:most]
    return sorted(largest, key=lambda row: -row[3])


def written(value: float | None, kind: str) -> str:
    if value is None:
        return "–"
    if kind == "share":
        return f"{100 * value:.0f} %"
    if kind == "time":
        return f"{value:.0f} s" if value < 90 else f"{value / 60:.0f} min" if value < 5400 else f"{value / 3600:.1f} h"
    return f"{value:,}"


def trend(value: float | None, old: float | None, kind: str) -> str:
    """The change in percent of what it was, of shares in points; empty when there is nothing to compare."""
    if value is None or old is None or (kind != "share" and not old):
        return ""
    if kind == "share":
        return f"{100 * (value - old):+.0f} points"
    return f"{100 * (value - old) / old:+.0f} %"


def _both(session: Session, span: Span) -> tuple[Figures, Figures]:
    return figures.of(session, span), figures.of(session, span.before())


def _behind(session: Session, span: Span, figure: str, value: str) -> tuple[list[transcripts.Entry], int, int]:
    ids, count = figures_behind.behind(session, span, figure, value)
    return transcripts.entries_of(session, ids[:MOST_LISTED]), len(ids), count
