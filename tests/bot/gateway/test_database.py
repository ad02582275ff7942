"""Many changes in one commit: each stands or falls alone, and nobody is told "stored" too early."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError, OperationalError

from bot.gateway.database import URGENT, Database
from shop.models import Customer
from shop.store import Store


@contextlib.contextmanager
def opened(store: Store) -> Iterator[Database]:
    database = Database(store)
    try:
        yield database
    finally:
        database.close()


def add(session, name: str, external_id: str | None = None) -> str:
    session.add(Customer(name=name, external_id=external_id))
    session.flush()
    return name


def fail(session) -> None:
    add(session, "half done")
    raise ValueError("no")


def names(store: Store) -> list[str]:
    with store.read() as session:
        return sorted(session.scalars(select(Customer.name)))


async def at_once(database: Database, *changes: tuple) -> list:
    """Queues the changes while the writers are held up, so that SQLite's one writer finds them together."""
    hold = threading.Event()
    held = [asyncio.ensure_future(database.write(lambda session: hold.wait(5))) for _ in range(6)]
    await asyncio.sleep(0.1)
    waiting = [asyncio.ensure_future(database.write(*change)) for change in changes]
    await asyncio.sleep(0.1)
    hold.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.gather(*held, return_exceptions=True)  # one of these may have shared the batch of a change that failed
    return results


async def test_one_change_that_fails_takes_no_other_with_it(store):
    with opened(store) as database:
        results = await at_once(database, (add, "a"), (fail,), (add, "b", "same"), (add, "c", "same"), (add, "d"))
    assert results[0] == "a"
    assert isinstance(results[1], ValueError)
    assert {type(results[2]), type(results[3])} == {str, IntegrityError}
    assert results[4] == "d"
    assert len(names(store)) == 3
    assert "half done" not in names(store)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_when_the_disk_is_full_nothing_is_called_stored_that_is_not(store):
    @event.listens_for(store.engine, "connect")
    def small_disk(connection, _record) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages + 1}")

    with opened(store) as database:
        results = await at_once(database, (add, "small"), (add, "b" * 50_000), (add, "small too"))
        assert isinstance(results[1], OperationalError)
        stored = names(store)
        for result in results:
            assert isinstance(result, OperationalError) or result in stored
        assert await database.write(add, "afterwards") == "afterwards"
    assert "afterwards" in names(store)


async def test_closing_finishes_what_is_waiting(store):
    with opened(store) as database:
        waiting = [asyncio.ensure_future(database.write(add, str(k))) for k in range(9)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*waiting) == [str(k) for k in range(9)]
    assert len(names(store)) == 9


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_what_is_urgent_goes_first_and_is_committed_without_what_is_not(store):
    began, go = threading.Event(), threading.Event()

    def hold_up(session) -> None:
        began.set()
        go.wait(5)

    commits: dict[object, list[str]] = {}

    def note(session, name: str) -> None:
        commits.setdefault(session, []).append(name)

    with opened(store) as database:
        first = asyncio.ensure_future(database.write(hold_up))
        await asyncio.to_thread(began.wait, 5)
        waiting = [asyncio.ensure_future(database.write(note, f"answer {k}")) for k in range(2)]
        waiting += [asyncio.ensure_future(database.write(note, f"accept {k}", urgency=URGENT)) for k in range(3)]
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(first, *waiting)
    assert list(commits.values()) == [["accept 0", "accept 1", "accept 2"], ["answer 0", "answer 1"]]
