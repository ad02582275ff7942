"""The store, seen from the event loop: reads in a small pool of threads, writes in a queue that commits several changes at once."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from shop.store import Store

READERS = 6
POSTGRES_WRITERS = 6
BATCH = 32
ANSWERS_A_BATCH = 3  # writing an answer takes some milliseconds; a customer waiting for "accepted" must not wait for many of them
URGENT, USUAL, LAST = 0, 1, 2

T = TypeVar("T")
Job = tuple[Callable, tuple, Future]


class Database:
    """Runs functions whose first argument is a session.

    SQLite has one writer at a time and pays for each commit with a sync of the disk. So one thread takes whatever changes are
    waiting and commits them together: fifty customers writing at once cost a few syncs, and nobody is told "accepted" before the
    commit. PostgreSQL groups commits by itself; there each change is a transaction.

    A change may be run twice (see `_commit`), so it must do nothing but change the session's database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="gateway-read")
        self._queue: queue.PriorityQueue[tuple[int, int, Job | None]] = queue.PriorityQueue()
        self._count = itertools.count()  # keeps those of equal urgency in their order
        alone = store.dialect == "sqlite"
        self._batch = BATCH if alone else 1
        self._writers = [threading.Thread(target=self._write, name="gateway-write") for _ in range(1 if alone else POSTGRES_WRITERS)]
        for writer in self._writers:
            writer.start()

    async def read(self, ask: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, ask, args)

    async def write(self, change: Callable[..., T], *args: Any, urgency: int = USUAL) -> T:
        """Returns when the change is on disk. Raises what the change raised, having undone it. An URGENT change goes before those
        that wait."""
        done: Future = Future()
        self._put(urgency, (change, args, done))
        return await asyncio.wrap_future(done)

    def _put(self, urgency: int, job: Job | None) -> None:
        self._queue.put((urgency, next(self._count), job))

    def close(self) -> None:
        """Finishes the changes already waiting, then stops."""
        for _ in self._writers:
            self._put(LAST, None)
        for writer in self._writers:
            writer.join()
        self._readers.shutdown()

    def _read(self, ask: Callable, args: tuple) -> Any:
        with self._store.read() as session:
            return ask(session, *args)

    def _write(self) -> None:
        while batch := self._next_batch():
            self._commit([job for job in batch if job[2].set_running_or_notify_cancel()])

    def _next_batch(self) -> list[Job]:
        """The most urgent changes that wait, all of one urgency, at least one; none when the writer is to stop."""
        urgency, _, job = self._queue.get()
        if job is None:
            return []
        batch = [job]
        most = min(self._batch, ANSWERS_A_BATCH) if urgency == USUAL else self._batch
        while len(batch) < most and not self._queue.empty():
            next_one = self._queue.get()
            if next_one[0] != urgency:  # it keeps its place: who waits for "accepted" does not wait for answers to be written, too
                self._queue.put(next_one)
                break
            batch.append(next_one[2])
        return batch

    def _commit(self, batch: list[Job]) -> None:
        """All in one transaction. When a change fails the others are none the worse for it: each then gets a transaction of its own."""
        try:
            with self._store.write() as session:
                results = [_apply(session, change, args) for change, args, _ in batch]
        except Exception as error:
            if len(batch) > 1 and (isinstance(error, IntegrityError) or not isinstance(error, DBAPIError)):
                for job in batch:
                    self._commit([job])
                return
            for _, _, done in batch:  # a locked store, a full disk: nothing of the batch is stored, nor would it be now
                done.set_exception(error)
            return
        for (_, _, done), result in zip(batch, results, strict=True):
            done.set_result(result)


def _apply(session: Session, change: Callable, args: tuple) -> Any:
    result = change(session, *args)
    session.flush()
    session.expunge_all()  # the next change starts with nothing of this one in its session
    return result
