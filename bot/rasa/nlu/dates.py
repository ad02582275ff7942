"""Days as customers name them: "tomorrow", "next Friday", "the 14th of December", "12/06/2027", "two weeks ago"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

from dateutil import parser
from dateutil.relativedelta import FR, MO, SA, SU, TH, TU, WE, relativedelta

from bot.rasa.nlu.numbers import NUMBER, whole

_WEEKDAYS = {"monday": MO, "tuesday": TU, "wednesday": WE, "thursday": TH, "friday": FR, "saturday": SA, "sunday": SU}
_SHORT_DAYS = {name[:3]: day for name, day in _WEEKDAYS.items()} | {"tues": TU, "weds": WE, "thur": TH, "thurs": TH}
_DAY = "|".join((*_WEEKDAYS, *sorted(_SHORT_DAYS, key=len, reverse=True)))
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
_MONTH = "|".join((*_MONTHS, *(name[:3] for name in _MONTHS), "sept"))
_UNITS = {"day": "days", "week": "weeks", "fortnight": "weeks", "month": "months", "year": "years"}
_NEAR = {
    "today": 0,
    "tonight": 0,
    "tomorrow": 1,
    "tmrw": 1,
    "tomorow": 1,
    "yesterday": -1,
    "day after tomorrow": 2,
    "day before yesterday": -2,
}

_DATE = re.compile(
    rf"(?<![\w/-])(?:"
    rf"(?P<near>{'|'.join(sorted(_NEAR, key=len, reverse=True))})"
    rf"|(?P<numbers>\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[/.]\d{{1,2}}[/.](?:\d{{4}}|\d{{2}}))"
    rf"|(?P<dayfirst>(?:the\s+)?(?:[0-2]?\d|3[01])(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTH})\b(?:\s+\d{{4}})?)"
    rf"|(?P<monthfirst>(?:{_MONTH})\s+(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?\b(?!\s*(?:pounds?|quid|[£$€]|%))(?:,?\s+\d{{4}})?)"
    rf"|(?P<which>next|last|this|coming|on|by|until|before)\s+(?P<weekday>{_DAY})\b"
    rf"|(?P<alone>{'|'.join(_WEEKDAYS)})"
    rf"|(?P<rel>next|last|this)\s+(?P<unit>week|weekend|month|year)\b"
    rf"|(?P<n>a|{NUMBER})\s+(?P<ago>days?|weeks?|fortnights?|months?|years?)\s+ago"
    rf"|in\s+(?P<m>a|{NUMBER})\s+(?P<ahead>days?|weeks?|fortnights?|months?)(?:'s)?(?:\s+time)?"
    rf")(?![\w/-])",
    re.IGNORECASE,
)
_LEADS = frozenset(("on", "by", "until", "before"))


def find_dates(text: str, today: date | None = None) -> Iterator[dict[str, Any]]:
    """Rasa's entities `date`, value an ISO date. A day without a year is the one nearest to `today`, a weekday the next one."""
    for match in _DATE.finditer(text):
        value = _value(match, today or datetime.now(timezone.utc).date())
        if value is not None:
            start = match.start("weekday") if (match["which"] or "").lower() in _LEADS else match.start()
            yield {"entity": "date", "value": value.isoformat(), "start": start, "end": match.end()}


def _value(match: re.Match[str], today: date) -> date | None:
    if match["near"]:
        return today + timedelta(days=_NEAR[match["near"].lower()])
    if match["weekday"] or match["alone"]:
        return _weekday((match["weekday"] or match["alone"]).lower(), (match["which"] or "").lower(), today)
    if match["unit"]:
        return _period(match["rel"].lower(), match["unit"].lower(), today)
    if match["ago"] or match["ahead"]:
        word, number = (match["ago"] or match["ahead"]).lower().rstrip("s"), match["n"] or match["m"]
        count = 1 if number.lower() == "a" else whole(number)
        span = relativedelta(**{_UNITS[word]: min(count, 999) * (2 if word == "fortnight" else 1)})
        return today - span if match["ago"] else today + span
    return _calendar(match, today)


def _weekday(name: str, which: str, today: date) -> date:
    day = _WEEKDAYS.get(name) or _SHORT_DAYS[name]
    if which == "last":
        return today + relativedelta(days=-1, weekday=day(-1))
    return today + relativedelta(days=+1, weekday=day(+1))


def _period(which: str, unit: str, today: date) -> date:
    step = {"next": 1, "last": -1}.get(which, 0)
    if unit == "weekend":
        return today + relativedelta(weekday=SA(+1), weeks=step)
    return today + relativedelta(**{f"{unit}s": step})


def _calendar(match: re.Match[str], today: date) -> date | None:
    written = re.sub(r"\b(?:the|of)\s+", " ", match.group(), flags=re.IGNORECASE)
    try:
        iso = written[:4].isdigit()
        found = parser.parse(written, dayfirst=not iso, default=parser.parse(today.isoformat())).date()
    except (ValueError, OverflowError):
        return None
    if re.search(r"\d{4}|[/.]\d{2}$", written):
        return found
    years = (_in_year(found, today.year + k) for k in (-1, 0, 1))
    return min((day for day in years if day), key=lambda day: abs((day - today).days))


def _in_year(day: date, year: int) -> date | None:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return None
