"""Keeping the full text clean. The tables `message_words` and `turn_facts` are made by a migration and kept in step by triggers.

What is deleted from SQLite's full text is first only marked as deleted; its words stay in the file until segments are merged. Whoever is
forgotten must not stay readable there, so the worker merges after an erasure, a few pages a transaction, so that nobody waits long.
"""

from __future__ import annotations

from sqlalchemy import text

from shop.models.base import SEARCH_TABLES
from shop.store import Store

PAGES = 400  # written in one transaction: some milliseconds


def merge(store: Store) -> None:
    """Rewrites SQLite's full text without what was deleted. PostgreSQL's is cleaned by its own vacuum."""
    if store.dialect != "sqlite":
        return
    for name in SEARCH_TABLES:
        pages = -PAGES  # negative at first: all segments are to become one, whatever their sizes
        while _changes(store, f"INSERT INTO {name}({name}, rank) VALUES ('merge', {pages})") >= 2:
            pages = PAGES


def _changes(store: Store, statement: str) -> int:
    """How many rows the statement changed; below 2, a merge had nothing to do (SQLite's documentation of FTS5, 6.8)."""
    with store.write() as session:
        before = session.scalar(text("SELECT total_changes()"))
        session.execute(text(statement))
        return session.scalar(text("SELECT total_changes()")) - before
