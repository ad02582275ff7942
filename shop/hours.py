"""When people answer: "mon-fri 09:00-17:00, sat 10:00-14:00". An empty text means day and night."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"^([a-z]{3})(?:-([a-z]{3}))? (\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$")


@dataclass(frozen=True)
class Span:
    """Open on that weekday (0 is Monday) from `start` until just before `end`, in the shop's own time."""

    weekday: int
    start: time
    end: time


def parse(text: str) -> list[Span]:
    """Raises ValueError naming the part that is none."""
    spans = []
    for part in filter(None, (part.strip().lower() for part in text.split(","))):
        found = _SPAN.match(part)
        if found is None or not {found[1], found[2] or found[1]} <= set(DAYS):
            raise ValueError(f"opening hours are written like 'mon-fri 09:00-17:00, sat 10:00-14:00'; this is not: {part!r}")
        start, end = _time(found[3], found[4], part), _time(found[5], found[6], part)
        if start >= end:
            raise ValueError(f"opening hours end after they begin; these do not: {part!r}")
        first, last = DAYS.index(found[1]), DAYS.index(found[2] or found[1])
        spans += [Span(day % 7, start, end) for day in range(first, last + 1 if last >= first else last + 8)]
    return spans


def is_open(spans: list[Span], at: datetime, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    return not spans or any(span.weekday == local.weekday() and span.start <= local.time() < span.end for span in spans)


def next_opening(spans: list[Span], at: datetime, zone: ZoneInfo) -> datetime | None:
    """The next moment at which it opens, in the shop's time; None when it is open now."""
    if is_open(spans, at, zone):
        return None
    local = at.astimezone(zone)
    openings = [
        datetime.combine(day, span.start, zone)
        for day in (local.date() + timedelta(days=ahead) for ahead in range(8))
        for span in spans
        if span.weekday == day.weekday()
    ]
    return min(opening for opening in openings if opening > local)


def _time(hour: str, minute: str, part: str) -> time:
    if (int(hour), int(minute)) == (24, 0):
        return time.max
    try:
        return time(int(hour), int(minute))
    except ValueError:
        raise ValueError(f"there is no such time of day: {part!r}") from None
