"""INSERT ... ON CONFLICT DO NOTHING, which SQLite and PostgreSQL spell alike and SQLAlchemy keeps in two dialects."""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from shop.models import Base


def insert_or_skip(session: Session, table: type[Base], row: dict[str, Any], unique: tuple[str, ...]) -> int | None:
    """The new row's id, or None when a row with the same values in the `unique` columns is there already."""
    connection = session.connection()
    return connection.execute(_statement(connection.dialect.name, table, unique), row).scalar()


@functools.cache
def _statement(dialect: str, table: type[Base], unique: tuple[str, ...]) -> Executable:
    insert = (sqlite if dialect == "sqlite" else postgresql).insert(table.__table__)
    return insert.on_conflict_do_nothing(index_elements=unique).returning(table.__table__.c.id)
