"""Thumbs up and down about what the bot said."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.models import OutboxMessage, Rating, now


def rate(session: Session, conversation_id: int, outbox_id: int, up: bool) -> bool:
    """Keeps the thumb; the last one counts. False when the conversation has no such message of the bot."""
    said = select(OutboxMessage.id).where(
        OutboxMessage.id == outbox_id, OutboxMessage.conversation_id == conversation_id, OutboxMessage.author == "bot"
    )
    if session.scalar(said.with_for_update()) is None:
        return False
    session.merge(Rating(outbox_id=outbox_id, up=up, at=now()))
    session.flush()
    return True


def of(session: Session, outbox_ids: Collection[int]) -> dict[int, bool]:
    """Message id -> up or down, of those that have a thumb."""
    if not outbox_ids:
        return {}
    return dict(session.execute(select(Rating.outbox_id, Rating.up).where(Rating.outbox_id.in_(outbox_ids))).all())


def thumbs_down(session: Session, since: datetime) -> set[int]:
    """The turns whose answers were thumbed down since then."""
    query = select(OutboxMessage.turn_id).join(Rating, Rating.outbox_id == OutboxMessage.id)
    return set(session.scalars(query.where(Rating.at >= since, ~Rating.up, OutboxMessage.turn_id.is_not(None))))
