"""From the inbox through Rasa to the outbox: every conversation in strict order, all conversations side by side."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import Any

from sqlalchemy.exc import DBAPIError
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from bot.gateway import inbox, outbox, people, texts, turns
from bot.gateway.database import Database
from bot.gateway.hub import Hub
from bot.gateway.inbox import Work
from bot.gateway.messages import Answer
from bot.gateway.people import HandingOver
from bot.gateway.rasa_client import RasaClient, Refused, Swallowed, Unreachable
from shop.models import now
from shop.settings import Settings

log = logging.getLogger(__name__)

TYPING_AFTER = 0.15  # seconds: an answer that comes at once needs no sign that it will
HOLD_AFTER = 4.0  # seconds since the message came; the promise is an answer, an apology or a note within five
SWEEP_EVERY = 3.0  # seconds: finds messages that another process stored, or whose task failed
GIVE_UP_AFTER = {"timeout": 3, "lost": 5}  # a message that a healthy Rasa swallowed so often is to blame itself


class Dispatcher:
    def __init__(self, database: Database, rasa: RasaClient, hub: Hub, settings: Settings) -> None:
        self._database, self._rasa, self._hub, self._locale = database, rasa, hub, settings.locale
        self._handing_over = HandingOver.by(settings)
        self._running: dict[int, asyncio.Task] = {}
        self._again: set[int] = set()
        self._sweeper: asyncio.Task | None = None

    def start(self) -> None:
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Drops what is under way: whatever is not committed is still pending and is answered after the next start."""
        tasks = [task for task in (self._sweeper, *self._running.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def healthy(self) -> bool:
        return self._sweeper is not None and not self._sweeper.done()

    def wake(self, conversation_id: int, work: Work | None = None) -> None:
        """Sees to it that the conversation's pending messages are answered. `work`: the first of them, if it is known already."""
        if conversation_id in self._running:
            self._again.add(conversation_id)
        else:
            self._running[conversation_id] = asyncio.create_task(self._drain(conversation_id, work))

    async def _sweep(self) -> None:
        while True:
            try:
                for conversation_id in await self._database.read(inbox.waiting):
                    self.wake(conversation_id)
            except DBAPIError as error:
                log.warning("inbox not readable: %s", type(error.orig).__name__)
            await asyncio.sleep(SWEEP_EVERY)

    async def _drain(self, conversation_id: int, work: Work | None) -> None:
        try:
            more = True
            while more:
                self._again.discard(conversation_id)
                work = work or await self._database.read(inbox.next_work, conversation_id)
                if work is not None:
                    await self._answer(work)
                more = conversation_id in self._again or (work is not None and work.more)
                work = None
        except Exception as error:  # the message stays pending and the sweep comes back to it; its text stays out of the log
            log.error("conversation %s: %s: %s", conversation_id, type(error).__name__, getattr(error, "orig", ""))
        finally:
            del self._running[conversation_id]

    async def _answer(self, work: Work) -> None:
        if work.silent:
            if await self._write(people.heard, work, self._handing_over):
                self._again.add(work.conversation_id)
            self._hub.wake(work.conversation_id)
            return
        meanwhile = asyncio.create_task(self._meanwhile(work))
        try:
            started = time.perf_counter()
            timings = {"queue": _milliseconds((now() - work.received_at).total_seconds())}
            answer, error = await self._ask(work)
            timings["rasa"] = _milliseconds(time.perf_counter() - started)
            timings["total"] = _milliseconds((now() - work.received_at).total_seconds())
            failed = answer.facts.failed_action if answer is not None else None
            apology = texts.ACTION_FAILED if failed else texts.NOT_UNDERSTOOD_BY_US if error else None
            await self._write(turns.commit, work, answer, timings, failed or error, apology, self._handing_over)
            self._hub.wake(work.conversation_id)
        finally:
            meanwhile.cancel()
            self._hub.set_typing(work.conversation_id, False)

    async def _ask(self, work: Work) -> tuple[Answer | None, str]:
        """Rasa's answer, or why there will be none. Takes as long as it takes for a Rasa to be there."""
        swallowed: Counter[str] = Counter()
        request = _request(work, self._locale)
        waits = AsyncRetrying(retry=retry_if_exception_type((Unreachable, Swallowed)), wait=wait_random_exponential(0.2, max=2.0))
        async for attempt in waits:
            with attempt:
                try:
                    return await self._rasa.turn(request), ""
                except Refused as error:
                    log.error("message %s refused by Rasa: %s", work.inbox_id, error)
                    return None, f"refused: {error}"
                except Swallowed as error:
                    swallowed[error.kind] += 1
                    log.warning("message %s: Rasa gave no answer (%s)", work.inbox_id, error.kind)
                    if swallowed[error.kind] >= GIVE_UP_AFTER[error.kind] and await self._rasa.healthy():
                        return None, f"no answer: {error.kind}"
                    raise
        raise AssertionError("the loop above ends only by returning")

    async def _meanwhile(self, work: Work) -> None:
        """What the customer sees while they wait: that somebody is typing and, when it takes too long, a note."""
        await asyncio.sleep(TYPING_AFTER)
        self._hub.set_typing(work.conversation_id, True)
        age = (now() - work.received_at).total_seconds()
        # A message that waited behind another is about to be answered: it gets a moment before it gets a note.
        await asyncio.sleep(max(HOLD_AFTER - age, 0.5))
        await self._write(outbox.hold, work.conversation_id, work.inbox_id, texts.HOLDING)
        self._hub.wake(work.conversation_id)

    async def _write(self, change, *args: Any) -> Any:
        """Writes however long the database is locked or its disk full: what Rasa answered is not thrown away."""
        async for attempt in AsyncRetrying(retry=retry_if_exception_type(DBAPIError), wait=wait_random_exponential(0.2, max=3.0)):
            with attempt:
                return await self._database.write(change, *args)
        raise AssertionError("the loop above ends only by returning")


def _request(work: Work, locale: str) -> dict[str, Any]:
    told = {"slots": work.slots} if work.slots else {}
    return {
        **told,
        "conversation_id": work.public_id, "message_id": work.message_id, "text": work.text, "command": work.command, "state": work.state,
        "metadata": {
            "message_id": work.message_id, "conversation_id": work.public_id, "customer_id": work.customer_id,
            "signed_in": work.signed_in, "channel": work.channel, "locale": locale,
        },
    }  # fmt: skip


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
