"""The outbox: everything a conversation shows, in the order of its ids."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from shop import ratings
from shop.models import InboxMessage, OutboxMessage
from shop.outbox import append, insert_rows

__all__ = ["after", "append", "before", "hold", "insert_rows", "recent", "unread"]

# Statements that run with every message are built once and go past the ORM.
_MESSAGES = OutboxMessage.__table__
_SHOWN = select(_MESSAGES.c.id, _MESSAGES.c.author, _MESSAGES.c.at, _MESSAGES.c.payload)
_AFTER = (
    _SHOWN.where(_MESSAGES.c.conversation_id == bindparam("conversation"), _MESSAGES.c.id > bindparam("last"))
    .order_by(_MESSAGES.c.id)
    .limit(bindparam("limit"))
)


def hold(session: Session, conversation_id: int, inbox_id: int, payload: dict[str, Any]) -> bool:
    """Adds the holding note for a message that is still unanswered and has none."""
    pending = select(InboxMessage.id).where(InboxMessage.id == inbox_id, InboxMessage.state == "pending")
    there = select(OutboxMessage.id).where(OutboxMessage.inbox_id == inbox_id, OutboxMessage.author == "system")
    if session.scalar(pending) is None or session.scalar(there) is not None:
        return False
    return append(session, conversation_id, [payload], author="system", inbox_id=inbox_id)


def after(session: Session, conversation_id: int, last_id: int, limit: int) -> list[dict[str, Any]]:
    """The messages that follow `last_id`, oldest first, as the browser gets them."""
    asked = {"conversation": conversation_id, "last": last_id, "limit": limit}
    return [_event(message) for message in session.connection().execute(_AFTER, asked)]


def before(session: Session, conversation_id: int, first_id: int | None, limit: int) -> list[dict[str, Any]]:
    """The last `limit` messages that precede `first_id` (all when None), oldest first."""
    older = _SHOWN.where(_MESSAGES.c.conversation_id == conversation_id)
    if first_id is not None:
        older = older.where(_MESSAGES.c.id < first_id)
    messages = [_event(message) for message in session.execute(older.order_by(_MESSAGES.c.id.desc()).limit(limit))][::-1]
    thumbs = ratings.of(session, [message["id"] for message in messages])
    return [message | {"thumb": thumbs[message["id"]]} if message["id"] in thumbs else message for message in messages]


def unread(session: Session, conversation_id: int, last_id: int) -> int:
    """How many messages of the shop's side follow `last_id`."""
    newer = select(func.count()).where(
        OutboxMessage.conversation_id == conversation_id, OutboxMessage.id > last_id, OutboxMessage.author != "customer"
    )
    return session.scalar(newer) or 0


def recent(session: Session, limit: int = 500) -> list[tuple[int, int]]:
    """(id, conversation) of the newest messages of all conversations."""
    newest = select(_MESSAGES.c.id, _MESSAGES.c.conversation_id).order_by(_MESSAGES.c.id.desc()).limit(limit)
    return [tuple(row) for row in session.connection().execute(newest)]


def _event(message: Row) -> dict[str, Any]:
    return {"id": message.id, "author": message.author, "at": message.at.isoformat(), **message.payload}
