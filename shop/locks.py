"""One at a time, where a rule reads before it writes."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session


def serialise(session: Session, *names: str) -> None:
    """Holds every other transaction with one of those names until this one ends. On SQLite a write has the database to itself anyway.

    Names are locked in sorted order, so that two callers with the same names cannot block each other.
    """
    if session.get_bind().dialect.name == "postgresql":
        for name in sorted(names):
            session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
