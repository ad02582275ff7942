"""The figures that are no counts, day by day: how they went within a span."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from statistics import median
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from shop.models import Handover, Survey, Turn

if TYPE_CHECKING:
    from shop.figures import Span


def rates(session: Session, span: Span, begun: Iterable[Handover], resolved: Iterable[Handover]) -> dict[str, list[float | None]]:
    """Figure -> its value on each day of the span, by the same definitions as the whole; None where there is nothing to count. `begun`
    and `resolved`: the stays with people that began, and that ended as resolved, in the span."""
    answered = [(stay.requested_at, stay.first_reply_at - stay.requested_at) for stay in begun if stay.first_reply_at]
    lasted = [(stay.ended_at, stay.ended_at - stay.requested_at) for stay in resolved if stay.ended_at]
    missed = func.avg(case((Turn.intent == "nlu_fallback", 1.0), else_=0.0))
    found = {
        "first_response": _medians(span, ((at, waited.total_seconds()) for at, waited in answered)),
        "resolution": _medians(span, ((at, took.total_seconds()) for at, took in lasted)),
        "fallback_rate": _asked(session, Turn.at, missed, span),
        "csat": _asked(session, Survey.answered_at, func.avg(1.0 * Survey.score / Survey.scale), span),
    }
    return {name: [values.get(day.isoformat()) for day in span.each] for name, values in found.items()}


def day_of(session: Session, moment: InstrumentedAttribute, span: Span) -> ColumnElement[str]:
    """The day of a moment of the span, in its zone, as 2026-11-30."""
    return _local(session, moment, span, "%Y-%m-%d", "YYYY-MM-DD")


def hour_of(session: Session, moment: InstrumentedAttribute, span: Span) -> ColumnElement[str]:
    """The hour of a moment of the span, in its zone, as 09."""
    return _local(session, moment, span, "%H", "HH24")


def _local(session: Session, moment: InstrumentedAttribute, span: Span, sqlite: str, postgresql: str) -> ColumnElement[str]:
    if session.get_bind().dialect.name == "postgresql":
        return func.to_char(func.timezone(span.zone.key, moment), postgresql)
    *changes, (_, last) = span.offsets  # SQLite knows no zones
    shifts = [(moment < until, f"{ahead:+} seconds") for until, ahead in changes]
    return func.strftime(sqlite, moment, case(*shifts, else_=f"{last:+} seconds") if shifts else f"{last:+} seconds")


def _asked(session: Session, moment: InstrumentedAttribute, value: ColumnElement[float], span: Span) -> dict[str, float]:
    day = day_of(session, moment, span)
    rows = session.execute(select(day, value).where(moment >= span.begin, moment < span.end).group_by(day))
    return {at: float(found) for at, found in rows if found is not None}


def _medians(span: Span, values: Iterable[tuple[datetime, float]]) -> dict[str, float]:
    days: dict[date, list[float]] = {}
    for at, value in values:
        days.setdefault(at.astimezone(span.zone).date(), []).append(value)
    return {day.isoformat(): median(found) for day, found in days.items()}
