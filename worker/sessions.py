"""Removes browser sessions that have expired."""

from __future__ import annotations

from sqlalchemy import delete, select

from shop.models import VisitorSession, now
from shop.store import Store

AT_ONCE = 500


def remove_expired(store: Store) -> bool:
    """Removes up to AT_ONCE of them; True when there may be more."""
    with store.read() as session:
        ids = session.scalars(select(VisitorSession.id).where(VisitorSession.expires_at <= now()).limit(AT_ONCE)).all()
    if ids:
        with store.write() as session:  # the time is asked again: one that came back to life meanwhile stays
            session.execute(delete(VisitorSession).where(VisitorSession.id.in_(ids), VisitorSession.expires_at <= now()))
    return len(ids) == AT_ONCE
