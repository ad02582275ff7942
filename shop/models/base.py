"""What all mapped classes share: column types, naming, clock."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, MetaData, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time. A naive one is refused rather than guessed; SQLite, which has no zones, stores UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up by itself only in INTEGER keys
Json = JSON().with_variant(JSONB, "postgresql")

# Ids are never handed out twice, as SQLite otherwise does after the newest row is deleted: a later browser session must not
# inherit a conversation by its number, nor an event stream skip a message.
NEVER_REUSED = {"sqlite_autoincrement": True}

Id = Annotated[int, mapped_column(BigId, primary_key=True)]
Minor = Annotated[int, mapped_column(BigInteger)]  # an amount of money in its currency's minor unit
Moment = Annotated[datetime, mapped_column(UtcDateTime)]
Document = Annotated[dict[str, Any], mapped_column(Json)]


SEARCH_TABLES = ("message_words", "turn_facts")  # full text; made by migration and kept by triggers, no mapped classes


def is_mapped(name: str | None, kind: str, _parents: object = None) -> bool:
    """For Alembic: the search tables, and those that SQLite keeps for them, are none of ours to compare."""
    return kind != "table" or not str(name).startswith(SEARCH_TABLES)


class Base(DeclarativeBase):
    __table_args__: Any = NEVER_REUSED
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def now() -> datetime:
    return datetime.now(UTC)


def public_id() -> str:
    """128 random bits: an id that may be shown to a customer because nobody can guess another one's. None starts with a minus, which
    a command line would take for an option and a spreadsheet for a formula."""
    while (made := secrets.token_urlsafe(16)).startswith("-"):
        pass
    return made
