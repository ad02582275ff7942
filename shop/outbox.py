"""Adding to the outbox: the one way in which anything reaches a customer, whoever says it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session

from shop.models import Conversation, OutboxMessage, now

# Statements that run with every message are built once and go past the ORM: that is a fifth of the processor time.
_CONVERSATIONS = Conversation.__table__
_TOUCH = (
    update(_CONVERSATIONS)
    .where(_CONVERSATIONS.c.id == bindparam("conversation"))
    .values(last_message_at=bindparam("moment"))
    .returning(_CONVERSATIONS.c.channel)
)
_INSERT = insert(OutboxMessage.__table__)

PULLED = ("web", "cli")  # channels whose reader fetches; the others are delivered by the worker


def append(
    session: Session,
    conversation_id: int,
    payloads: Sequence[dict[str, Any]],
    author: str,
    inbox_id: int | None = None,
    turn_id: int | None = None,
    at: datetime | None = None,
) -> bool:
    """Adds messages in this order; False when the conversation is gone (its customer was erased).

    The conversation's row is touched first, which locks it: one conversation's ids then become visible in their order, and a stream
    that has read up to an id has not stepped over a smaller one.
    """
    at = at or now()
    channel = session.connection().execute(_TOUCH, {"conversation": conversation_id, "moment": at}).scalar()
    if channel is None:
        return False
    insert_rows(session, conversation_id, channel, payloads, author, inbox_id, turn_id, at)
    return True


def insert_rows(
    session: Session,
    conversation_id: int,
    channel: str,
    payloads: Sequence[dict[str, Any]],
    author: str,
    inbox_id: int | None,
    turn_id: int | None,
    at: datetime,
) -> None:
    """The second half of `append`, for a caller who has touched the conversation in this transaction already."""
    # The customer's own words need no delivery, nor does what the reader fetches.
    delivered = channel in PULLED or author == "customer"
    rows = [
        {
            "conversation_id": conversation_id, "turn_id": turn_id, "inbox_id": inbox_id, "author": author, "payload": payload, "at": at,
            "next_attempt_at": None if delivered else at, "delivered_at": at if delivered else None,
        }
        for payload in payloads
    ]  # fmt: skip
    if rows:
        session.connection().execute(_INSERT, rows)
