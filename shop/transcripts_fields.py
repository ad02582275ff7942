"""The fields of the filter language: what each means, and how its value is read.

A field turns a condition into one of four tests, which shop/transcripts_sql.py puts into SQL. Facts are written by triggers at the
commit of a turn (`intent=greet`, `action=...`, `entity=colour`, `entity=colour=green`, `slot=...`, `fallback`, `error`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from shop.models import Claim, Conversation, Customer, Filing, Handover, OutboxMessage, Rating, Staff, Survey, Tag, Turn, now
from shop.segments import SEGMENTS, members
from shop.transcripts_language import BadFilter, Condition

WORD = re.compile(r"[^\W_]+")
STATES = ("bot", "waiting", "open", "resolved")
_RANGE = re.compile(r"(?P<low>.*?)\.\.(?P<high>.*)")


@dataclass(frozen=True)
class Fact:
    """A turn has this fact (or, `present` false, no turn of the conversation has)."""

    text: str
    present: bool = True


@dataclass(frozen=True)
class Words:
    """A message holds these words in this order; `cards`: in its text or on its product cards and order."""

    words: tuple[str, ...]
    prefix: bool = False
    cards: bool = False


@dataclass(frozen=True)
class Number:
    """A turn's column lies within the bounds; None is no bound."""

    column: InstrumentedAttribute
    low: float | None
    high: float | None
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True)
class Whole:
    """A property of the conversation itself, as SQL over `conversations`."""

    clause: ColumnElement[bool]


Test = Fact | Words | Number | Whole


@dataclass(frozen=True)
class Field:
    """`read` makes a test of a condition; `help` says what may be asked; `example` is a whole condition."""

    read: Callable[[Condition], Test]
    help: str
    example: str


def test_of(condition: Condition) -> Test:
    """Raises BadFilter for an unknown field or a value that it cannot have."""
    field = FIELDS.get(condition.field)
    if field is None:
        raise BadFilter(f"there is no field {condition.field!r}; there are {', '.join(FIELDS)}")
    return field.read(condition)


def words(condition: Condition, cards: bool = False) -> Words:
    _only_is(condition)
    found = tuple(word.lower() for word in WORD.findall(condition.value))
    if not found:
        raise BadFilter(f"{condition.value!r} holds no word to look for")
    return Words(found, condition.value.endswith("*"), cards)


def shown(condition: Condition) -> Words:
    return words(condition, cards=True)


def fact(condition: Condition) -> Fact:
    _only_is(condition)
    name, equals, value = condition.value.partition("=")
    kept = f"{name}{equals}{value[:100]}" if condition.field in ("entity", "slot") else condition.value
    return Fact(ascii_lower(f"{condition.field}={kept}"))


def flag(condition: Condition) -> Fact:
    _only_is(condition)
    if condition.value.lower() not in ("yes", "no"):
        raise BadFilter(f"{condition.field} is yes or no, not {condition.value!r}")
    return Fact(condition.field, condition.value.lower() == "yes")


def number(column: InstrumentedAttribute) -> Callable[[Condition], Number]:
    return lambda condition: Number(column, *bounds(condition, _float))


def length(condition: Condition) -> Whole:
    low, high, low_open, high_open = bounds(condition, _float)
    long = aliased(Conversation)  # asked for by itself, so that its index is used rather than that of the list's order
    return Whole(Conversation.id.in_(select(long.id).where(within(long.messages, low, high, low_open, high_open))))


def dates(condition: Condition) -> Whole:
    """A day is under way in a conversation from its beginning to its last message."""
    low, high, low_open, high_open = bounds(condition, _day)
    clauses = []
    if low is not None:
        clauses.append(Conversation.last_message_at >= low + timedelta(days=1 if low_open else 0))
    if high is not None:
        clauses.append(Conversation.created_at < high + timedelta(days=0 if high_open else 1))
    return Whole(and_(*clauses))


def column(of: InstrumentedAttribute, values: Collection[str] = ()) -> Callable[[Condition], Whole]:
    """`values`: all that there can be, where that is known."""

    def read(condition: Condition) -> Whole:
        _only_is(condition)
        if values and condition.value.lower() not in values:
            raise BadFilter(f"{condition.field} is one of {', '.join(values)}, not {condition.value!r}")
        return Whole(of == condition.value.lower())

    return read


def customer(condition: Condition) -> Whole:
    _only_is(condition)
    who = condition.value
    named = or_(
        Customer.public_id == who, Customer.email == who.lower(), Customer.external_id == who, func.lower(Customer.name) == who.lower()
    )
    return Whole(Conversation.customer_id.in_(select(Customer.id).where(named)))


def tag(condition: Condition) -> Whole:
    _only_is(condition)
    return Whole(Conversation.id.in_(select(Tag.conversation_id).where(Tag.tag == condition.value.lower())))


def agent(condition: Condition) -> Whole:
    """Who has the conversation, had it in an earlier stay, or was assigned to it."""
    _only_is(condition)
    who = select(Staff.id).where(or_(Staff.email == condition.value.lower(), func.lower(Staff.name) == condition.value.lower()))
    owners = (
        (Handover.conversation_id, Handover.staff_id),
        (Claim.conversation_id, Claim.staff_id),
        (Filing.conversation_id, Filing.assignee_id),
    )
    return Whole(or_(*(Conversation.id.in_(select(of).where(staff.in_(who))) for of, staff in owners)))


def csat(condition: Condition) -> Whole:
    """The customer's score as a share of its scale, in percent."""
    percent = 100.0 * Survey.score / Survey.scale
    answered = select(Survey.conversation_id).where(Survey.score.is_not(None), within(percent, *bounds(condition, _float)))
    return Whole(Conversation.id.in_(answered))


def segment(condition: Condition) -> Whole:
    _only_is(condition)
    if condition.value.lower() not in SEGMENTS:
        raise BadFilter(f"segment is one of {', '.join(SEGMENTS)}, not {condition.value!r}")
    return Whole(Conversation.customer_id.in_(members(condition.value.lower())))


def thumb(condition: Condition) -> Whole:
    _only_is(condition)
    if condition.value.lower() not in ("up", "down"):
        raise BadFilter(f"thumb is up or down, not {condition.value!r}")
    rated = select(OutboxMessage.conversation_id).join(Rating, Rating.outbox_id == OutboxMessage.id)
    return Whole(Conversation.id.in_(rated.where(Rating.up == (condition.value.lower() == "up"))))


def review(condition: Condition) -> Whole:
    _only_is(condition)
    reviewed = select(Filing.conversation_id).where(Filing.reviewed_at.is_not(None))
    if condition.value.lower() not in ("done", "open"):
        raise BadFilter(f"review is done or open, not {condition.value!r}")
    found = Conversation.id.in_(reviewed)
    return Whole(found if condition.value.lower() == "done" else ~found)


def bounds(condition: Condition, read: Callable[[str], Any]) -> tuple[Any, Any, bool, bool]:
    """(low, high, low_open, high_open) of `:1`, `:1..2`, `<1`, `>=1` ..."""
    if condition.operator == ":":
        if found := _RANGE.fullmatch(condition.value):
            low, high = (read(value) if value else None for value in found.group("low", "high"))
            if low is None and high is None:
                raise BadFilter(f"{condition.field}:.. has no bound")
            return low, high, False, False
        value = read(condition.value)
        return value, value, False, False
    value = read(condition.value)
    return (value, None, condition.operator == ">", False) if ">" in condition.operator else (None, value, False, condition.operator == "<")


def within(value: ColumnElement, low: Any, high: Any, low_open: bool, high_open: bool) -> ColumnElement[bool]:
    clauses = []
    if low is not None:
        clauses.append(value > low if low_open else value >= low)
    if high is not None:
        clauses.append(value < high if high_open else value <= high)
    return and_(*clauses)


def ascii_lower(text: str) -> str:
    """Lowered as the triggers do it: other letters than A to Z stay as they are."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def _only_is(condition: Condition) -> None:
    if condition.operator != ":":
        raise BadFilter(f"{condition.field} takes a colon, as in {FIELDS[condition.field].example}")


def _float(value: str) -> float:
    try:
        found = float(value)
    except ValueError:
        found = float("nan")
    if not abs(found) < 1e9:
        raise BadFilter(f"{value!r} is not a number")
    return found


def _day(value: str) -> datetime:
    if value.lower() in ("today", "yesterday"):
        day = now().date() - timedelta(days=value.lower() == "yesterday")
    else:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise BadFilter(f"{value!r} is not a date such as 2026-11-30") from None
        if not 1970 <= day.year < 9000:
            raise BadFilter(f"{value!r} is out of the calendar's range")
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


FIELDS: dict[str, Field] = {
    "text": Field(words, "a word, a phrase in quotation marks, or a beginning with *", 'text:"arrived broken"'),
    "date": Field(dates, "day (UTC) on which the conversation was under way", "date:2026-11-01..2026-11-30"),
    "channel": Field(column(Conversation.channel), "where the customer writes", "channel:web"),
    "state": Field(column(Conversation.state, STATES), "bot, waiting, open or resolved", "state:waiting"),
    "intent": Field(fact, "what a message was understood as", "intent:track_order"),
    "action": Field(fact, "what the bot did", "action:action_search"),
    "entity": Field(fact, "an entity, or an entity and its value", "entity:colour=green"),
    "slot": Field(fact, "a slot set after a turn, or a slot and its value", "slot:order_number"),
    "confidence": Field(number(Turn.confidence), "of a message's intent, 0 to 1", "confidence:0.2..0.5"),
    "sentiment": Field(number(Turn.sentiment), "of a message, -1 to 1", "sentiment<-0.3"),
    "fallback": Field(flag, "whether the bot did not understand a message", "fallback:yes"),
    "error": Field(flag, "whether a message was answered with an apology", "error:yes"),
    "length": Field(length, "number of messages of both sides", "length>=20"),
    "product": Field(shown, "a product's name or number, said or shown", 'product:"garden journal"'),
    "order": Field(shown, "an order's number, said or shown", "order:SK-7Q2M-X9KD"),
    "customer": Field(customer, "name, email or id of the customer", "customer:emma.hughes@example.com"),
    "segment": Field(segment, f"of the customer, by their orders: {', '.join(SEGMENTS)}", "segment:loyal"),
    "thumb": Field(thumb, "whether the customer gave a message of the bot a thumb: up or down", "thumb:down"),
    "tag": Field(tag, "a colleague's tag", "tag:wholesale"),
    "agent": Field(agent, "name or email of a colleague who has or had the conversation", "agent:grace@example.com"),
    "csat": Field(csat, "satisfaction asked for afterwards, in percent of the scale", "csat<50"),
    "review": Field(review, "whether a colleague has marked it reviewed: done or open", "review:open"),
}
