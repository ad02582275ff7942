"""Chats whose colleague has gone away go back into the queue, and the customer is told."""

from __future__ import annotations

from sqlalchemy import select

from shop import desk, desk_texts, outbox
from shop.models import Claim, now
from shop.settings import Settings
from shop.store import Store


def release_stale(store: Store, settings: Settings) -> bool:
    """Releases all of them; False: once a call is enough."""
    with store.read() as session:
        if session.scalar(select(Claim.conversation_id).where(Claim.expires_at <= now()).limit(1)) is None:
            return False  # looked at without the write lock, which on SQLite everybody shares
    with store.write() as session:
        told = desk_texts.waiting_again(desk.outlook(session, settings), settings.locale)
        for conversation_id in desk.expire(session):
            outbox.append(session, conversation_id, [told], "system")
    return False
