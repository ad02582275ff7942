"""INSERT ... ON CONFLICT DO NOTHING, which SQLite and PostgreSQL spell alike and SQLAlchemy keeps in two dialects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from shop.models import Base


def insert_or_skip(session: Session, table: type[Base], row: dict[str, Any], unique: Sequence[str]) -> int | None:
    """The new row's id, or None when a row with the same values in the `unique` columns is there already."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return session.scalar(dialect.insert(table).values(**row).on_conflict_do_nothing(index_elements=unique).returning(table.id))
