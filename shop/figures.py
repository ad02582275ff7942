"""The support team's figures of a span of time, each with a definition that can be checked by hand.

A conversation belongs to a span when a customer wrote in it during the span. Every number comes with the filter
(`shop/transcripts_language.py`) or the list of conversations behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from shop import figures_daily
from shop.models import Conversation, Handover, Impression, Product, Staff, Survey, Turn, now

SEARCHES = ("search_product", "refine", "recommend")
TOP = 10  # lines of a table

ABANDONED_AFTER = timedelta(minutes=30)  # of silence
DEFINITIONS = {
    "conversations": "Conversations in which a customer wrote during the span.",
    "messages": "Messages that customers wrote during the span.",
    "by_bot": "Of the conversations: no stay with people began in the span, and it was not abandoned.",
    "handed_over": "Of the conversations: a stay with people began in the span.",
    "reopened": "Of the conversations: a stay with people began in the span after an earlier one had ended as resolved.",
    "abandoned": "Of the conversations: no stay with people began in the span, the customer's last message of the span was not "
    "understood or got an apology, 30 minutes or more before the span's end (or now, if that is earlier).",
    "first_response": "Median time from the wish for a person to an agent's first answer, of stays that began in the span.",
    "resolution": "Median time from the wish for a person to the end of the stay, of stays that ended as resolved in the span.",
    "fallback_rate": "Share of customers' messages that were read as nlu_fallback.",
    "csat": "Mean score in percent of its scale, of surveys answered in the span.",
}


@dataclass(frozen=True)
class Span:
    """Whole days of a time zone, both included."""

    first: date
    last: date
    zone: ZoneInfo = ZoneInfo("UTC")

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.first, time.min, self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time.min, self.zone).astimezone(UTC)

    @property
    def offsets(self) -> list[tuple[datetime, int]]:
        """(until when, seconds that clocks are ahead of UTC), in order: a piece more for each time that clocks are changed."""
        hours = [self.begin + timedelta(hours=k) for k in range(round((self.end - self.begin) / timedelta(hours=1)))]
        pieces = groupby(hours, key=lambda at: round((at.astimezone(self.zone).utcoffset() or timedelta()).total_seconds()))
        return [(max(piece) + timedelta(hours=1), ahead) for ahead, piece in pieces]

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def each(self) -> list[date]:
        return [self.first + timedelta(days=k) for k in range(self.days)]

    def before(self) -> Span:
        """The span of the same length that ends where this one begins."""
        return Span(self.first - timedelta(days=self.days), self.first - timedelta(days=1), self.zone)


@dataclass(frozen=True)
class Figures:
    """One span's numbers; times in seconds, shares from 0 to 1, None where there is nothing to count."""

    span: Span
    conversations: int
    messages: int
    by_bot: int
    handed_over: int
    reopened: int
    abandoned: int
    first_response: float | None
    resolution: float | None
    fallback_rate: float | None
    csat: float | None
    hours: dict[str, list[int]] = field(default_factory=dict)  # channel -> messages of each hour of the day
    daily: dict[date, int] = field(default_factory=dict)  # day -> conversations
    intents: dict[str, int] = field(default_factory=dict)
    workload: list[tuple[int, str, int, int]] = field(default_factory=list)  # staff id, agent, stays begun, of which resolved
    asked: list[tuple[str, int]] = field(default_factory=list)  # products shown in answer to a search, how often
    not_found: list[tuple[str, int]] = field(default_factory=list)  # searches without a result
    not_understood: list[tuple[str, int]] = field(default_factory=list)  # message, how often
    rates: dict[str, list[float | None]] = field(default_factory=dict)  # times and shares, by day


def of(session: Session, span: Span) -> Figures:
    outcomes = Counter(outcome for _, outcome in outcomes_of(session, span))
    within = during(Turn.at, span)
    messages = session.scalar(select(func.count()).where(within)) or 0
    intents = dict(session.execute(select(Turn.intent, func.count()).where(within, Turn.intent != "").group_by(Turn.intent)).all())
    stays = session.scalars(select(Handover).where(during(Handover.requested_at, span))).all()
    ended = session.scalars(select(Handover).where(during(Handover.ended_at, span), Handover.outcome == "resolved")).all()
    scores = select(func.avg(1.0 * Survey.score / Survey.scale)).where(during(Survey.answered_at, span))
    return Figures(
        span, sum(outcomes.values()), messages, outcomes["by_bot"], outcomes["handed_over"] + outcomes["reopened"], outcomes["reopened"],
        outcomes["abandoned"], middle((stay.first_reply_at - stay.requested_at).total_seconds() for stay in stays if stay.first_reply_at),
        middle((stay.ended_at - stay.requested_at).total_seconds() for stay in ended),
        intents.get("nlu_fallback", 0) / messages if messages else None, session.scalar(scores),
        hours=_hours(session, span), daily=_daily(session, span), intents=intents, workload=_workload(session, stays),
        asked=_asked(session, span), not_found=_not_found(session, span), not_understood=_not_understood(session, span),
        rates=figures_daily.rates(session, span, stays, ended),
    )  # fmt: skip


def outcomes_of(session: Session, span: Span, outcome: str = "") -> list[tuple[str, str]]:
    """(public id, outcome) of every conversation of the span, or of those with that outcome; the newest first."""
    last = select(Turn.conversation_id, func.max(Turn.id).label("turn")).where(during(Turn.at, span))
    last = last.group_by(Turn.conversation_id).subquery()
    earlier = aliased(Handover)
    stay = select(Handover.id).where(Handover.conversation_id == Conversation.id, during(Handover.requested_at, span))
    again = select(earlier.id).where(
        earlier.conversation_id == Handover.conversation_id, earlier.outcome == "resolved", earlier.ended_at < Handover.requested_at
    )
    # Whoever has written less than half an hour ago may still be there.
    silent_since = min(span.end, now()) - ABANDONED_AFTER
    lost = and_(or_(Turn.intent == "nlu_fallback", Turn.error != ""), Turn.at <= silent_since)
    kind = case(
        (exists(stay.where(exists(again.correlate(Handover)))), "reopened"),
        (exists(stay), "handed_over"),
        (lost, "abandoned"),
        else_="by_bot",
    )
    query = select(Conversation.public_id, kind.label("kind")).join(last, last.c.conversation_id == Conversation.id)
    rows = session.execute(query.join(Turn, Turn.id == last.c.turn).order_by(last.c.turn.desc()))
    wanted = {"": ("by_bot", "handed_over", "reopened", "abandoned"), "handed_over": ("handed_over", "reopened")}.get(outcome, (outcome,))
    return [(row.public_id, row.kind) for row in rows if row.kind in wanted]


def middle(values: Iterable[float]) -> float | None:
    """The median, None of nothing."""
    found = list(values)
    return median(found) if found else None


def during(moment: Any, span: Span) -> ColumnElement[bool]:
    return and_(moment >= span.begin, moment < span.end)


def asked_for(query: Select, span: Span) -> Select:
    """A query over products, of those shown first in answer to a search."""
    query = query.join(Impression, Impression.product_id == Product.id).join(Turn, Turn.id == Impression.turn_id)
    return query.where(during(Turn.at, span), Impression.position == 1, Turn.intent.in_(SEARCHES))


def not_found(query: Select, span: Span) -> Select:
    """A query over turns, of searches that showed nothing."""
    shown = exists(select(1).where(Impression.turn_id == Turn.id))
    return query.where(during(Turn.at, span), Turn.intent.in_(SEARCHES), Turn.text != "", ~shown)


def _hours(session: Session, span: Span) -> dict[str, list[int]]:
    hour = figures_daily.hour_of(session, Turn.at, span)
    found: dict[str, list[int]] = {}
    for channel, at, count in session.execute(
        select(Turn.channel, hour, func.count()).where(during(Turn.at, span)).group_by(Turn.channel, hour)
    ):
        found.setdefault(channel, [0] * 24)[int(at)] += count
    return dict(sorted(found.items(), key=lambda item: -sum(item[1])))


def _daily(session: Session, span: Span) -> dict[date, int]:
    """Conversations by day; a day without any is 0."""
    day = figures_daily.day_of(session, Turn.at, span)
    counts = dict(
        session.execute(select(day, func.count(Turn.conversation_id.distinct())).where(during(Turn.at, span)).group_by(day)).all()
    )
    return {one: counts.get(one.isoformat(), 0) for one in span.each}


def _workload(session: Session, stays: Iterable[Handover]) -> list[tuple[int, str, int, int]]:
    names = dict(session.execute(select(Staff.id, Staff.name)).all())
    begun = Counter(stay.staff_id for stay in stays if stay.staff_id)
    resolved = Counter(stay.staff_id for stay in stays if stay.staff_id and stay.outcome == "resolved")
    return [(staff_id, names.get(staff_id, "a former colleague"), count, resolved[staff_id]) for staff_id, count in begun.most_common()]


def _asked(session: Session, span: Span) -> list[tuple[str, int]]:
    query = asked_for(select(Product.title, func.count().label("times")), span)
    return [
        (title, count)
        for title, count in session.execute(query.group_by(Product.title).order_by(text("times DESC"), Product.title).limit(TOP))
    ]


def _not_found(session: Session, span: Span) -> list[tuple[str, int]]:
    said = func.lower(Turn.text)
    query = not_found(select(said, func.count().label("times")), span)
    return [(what, count) for what, count in session.execute(query.group_by(said).order_by(text("times DESC"), said).limit(TOP))]


def _not_understood(session: Session, span: Span) -> list[tuple[str, int]]:
    said = func.lower(Turn.text)
    query = select(said, func.count().label("times")).where(
        during(Turn.at, span), Turn.intent.in_(("nlu_fallback", "out_of_scope")), Turn.text != ""
    )
    return [(what, count) for what, count in session.execute(query.group_by(said).order_by(text("times DESC"), said).limit(TOP))]
