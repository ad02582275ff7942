"""A conversation as the console shows it: messages, steps and notes in the order of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import ratings
from shop.models import ConversationEvent, Note, OutboxMessage, Staff, Survey, Turn

PAGE = 20  # messages at a time

STEPS = {
    "waiting": "asked for a person",
    "claimed": "took the chat",
    "released": "put the chat back into the queue",
    "expired": "was away for too long: back in the queue",
    "transferred": "passed the chat on",
    "returned": "handed back to the bot",
    "resolved": "resolved the chat",
    "withdrawn": "went on with the bot",
    "tagged": "tagged it",
    "untagged": "removed the tag",
    "flagged": "flagged it",
    "unflagged": "took the flag off",
    "assigned": "assigned it",
    "noted": "wrote a note",
    "reviewed": "marked it reviewed",
    "surveyed": "answered the survey",
}
REASONS = {
    "asked": "asked for a person",
    "fallbacks": "was not understood twice running",
    "sentiment": "sounds very unhappy",
    "words": "said a word from the list",
    "vip": "is an important customer in trouble",
    "agent": "was taken over",
    "reopened": "came back",
}


@dataclass(frozen=True)
class Item:
    """`kind`: customer, bot, agent, system (a message), step, note. `intent`, `confidence`: how the bot read a customer's message."""

    kind: str
    at: datetime
    id: int
    text: str = ""
    who: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    intent: str = ""
    confidence: float = 0.0
    error: str = ""
    staff_id: int | None = None
    thumb: bool | None = None
    undelivered: str = ""  # why a message has not reached a pushed channel, for a reader


@dataclass(frozen=True)
class Thread:
    items: list[Item]
    first_id: int  # of the oldest message shown
    last_id: int
    more: bool


def load(session: Session, conversation_id: int, before: int | None = None, around: int | None = None) -> Thread:
    """The last messages; those before an id; or those up to and some behind an exact one."""
    query = select(OutboxMessage).where(OutboxMessage.conversation_id == conversation_id)
    if before is not None:
        query = query.where(OutboxMessage.id < before)
    elif around is not None:
        behind = query.with_only_columns(OutboxMessage.id).where(OutboxMessage.id > around).order_by(OutboxMessage.id).limit(PAGE // 2)
        query = query.where(OutboxMessage.id <= max(session.scalars(behind), default=around))
    found = list(session.scalars(query.order_by(OutboxMessage.id.desc()).limit(PAGE + 1)))
    messages = found[:PAGE][::-1]
    since = messages[0].at if messages and len(found) > PAGE else None
    until = messages[-1].at if messages and before is not None else None
    names = _names(session)
    items = (
        _messages(session, messages)
        + _steps(session, conversation_id, names, since, until)
        + _notes(session, conversation_id, names, since, until)
    )
    # Steps come before messages of the same moment: "took the chat", then what was said about it.
    items.sort(key=lambda item: (item.at, item.kind not in ("step", "note"), item.id))
    return Thread(items, messages[0].id if messages else 0, messages[-1].id if messages else 0, len(found) > PAGE)


def _messages(session: Session, messages: list[OutboxMessage]) -> list[Item]:
    asked = [message.inbox_id for message in messages if message.author == "customer" and message.inbox_id]
    turns = {turn.inbox_id: turn for turn in session.scalars(select(Turn).where(Turn.inbox_id.in_(asked)))}
    thumbs, items = ratings.of(session, [message.id for message in messages]), []
    for message in messages:
        turn = turns.get(message.inbox_id) if message.author == "customer" else None
        items.append(
            Item(
                message.author,
                message.at,
                message.id,
                message.payload.get("text", ""),
                message.payload.get("agent", ""),
                message.payload,
                turn.intent if turn else "",
                turn.confidence if turn else 0.0,
                turn.error if turn else "",
                thumb=thumbs.get(message.id),
                undelivered=_undelivered(message),
            )
        )
    return items


def _undelivered(message: OutboxMessage) -> str:
    if message.delivered_at is not None or not message.attempts:
        return ""
    return "not delivered yet" if message.next_attempt_at is not None else "could not be delivered"


def _steps(session: Session, conversation_id: int, names: dict[int, str], since: datetime | None, until: datetime | None) -> list[Item]:
    query = select(ConversationEvent).where(ConversationEvent.conversation_id == conversation_id, ConversationEvent.kind != "noted")
    rows = session.scalars(_within(query, ConversationEvent.at, since, until).order_by(ConversationEvent.id.desc()).limit(2 * PAGE))
    comments = dict(session.execute(select(Survey.id, Survey.comment).where(Survey.conversation_id == conversation_id)).all())
    return [Item("step", row.at, row.id, _said(row, comments), names.get(row.staff_id or 0, "The customer")) for row in rows]


def _said(row: ConversationEvent, comments: dict[int | None, str]) -> str:
    if row.kind == "waiting":
        return REASONS.get(row.details.get("reason", ""), STEPS["waiting"])
    details = row.details
    if row.kind == "surveyed":
        comment = comments.get(details.get("survey"))
        return f"answered the survey: {details.get('score')} of {details.get('scale')}" + (f", “{comment}”" if comment else "")
    more = details.get("to") or details.get("tag") or ", ".join(details.get("slots") or ())
    return STEPS.get(row.kind, row.kind) + (f": {more}" if more else "")


def notes(session: Session, conversation_id: int) -> list[Item]:
    """The newest notes of colleagues, oldest first."""
    return _notes(session, conversation_id, _names(session), None, None)[::-1]


def _names(session: Session) -> dict[int, str]:
    return dict(session.execute(select(Staff.id, Staff.name)).all())


def _notes(session: Session, conversation_id: int, names: dict[int, str], since: datetime | None, until: datetime | None) -> list[Item]:
    query = select(Note).where(Note.conversation_id == conversation_id)
    rows = session.scalars(_within(query, Note.at, since, until).order_by(Note.id.desc()).limit(PAGE))
    return [Item("note", row.at, row.id, row.text, names.get(row.staff_id or 0, "Somebody"), staff_id=row.staff_id) for row in rows]


def _within(query: Any, column: Any, since: datetime | None, until: datetime | None) -> Any:
    if since is not None:
        query = query.where(column >= since)
    return query.where(column <= until) if until is not None else query
