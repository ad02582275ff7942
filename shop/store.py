"""The database: one engine a process, short transactions, SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

BUSY_SECONDS = 5.0
# secure_delete overwrites what is deleted: a customer who is forgotten must not stay readable in the file's free pages.
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY", "cache_size=-32000")


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()


JSON = {"json_serializer": _json, "json_deserializer": orjson.loads}  # every turn stores and reads some ten documents


class Store:
    """Opens sessions on the shop's database.

    `read()` gives a session whose changes are never committed; `write()` gives one that commits when its block ends and
    rolls back when it raises. On SQLite a write takes the write lock at once (BEGIN IMMEDIATE): a transaction that reads
    first and writes later could otherwise fail with SQLITE_BUSY in its middle, whatever the timeout.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.engine = _engine(url)
        self._writing = self.engine.execution_options(immediate=True)

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.engine, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        url = url.replace("postgresql://", "postgresql+psycopg://", 1).replace("postgres://", "postgresql+psycopg://", 1)
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, **JSON)
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    connect = {"timeout": BUSY_SECONDS, "check_same_thread": False}
    engine = create_engine(url, connect_args=connect, pool_size=10, max_overflow=20, **JSON)

    @event.listens_for(engine, "connect")
    def durable(connection, _record) -> None:
        # The driver's own transaction handling is switched off so that BEGIN below is the only one.
        connection.isolation_level = None
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection) -> None:
        if connection.get_execution_options().get("immediate"):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:  # runs with every read and cannot fail: it takes no lock, so it goes past SQLAlchemy and its translation of errors
            connection.connection.dbapi_connection.execute("BEGIN")

    return engine
