"""Server-sent events: what the conversation shows, as it comes, each with its id."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import orjson
from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import DBAPIError
from sse_starlette import EventSourceResponse, ServerSentEvent

from bot.gateway import outbox, sessions
from bot.gateway.context import Gateway, gateway
from bot.gateway.database import Database
from bot.gateway.hub import Hub

router = APIRouter()
log = logging.getLogger(__name__)

HEARTBEAT = 15  # seconds
POLL = 1.0  # seconds
BATCH = 200  # messages read at a time


@router.get("/api/stream")
async def stream(request: Request, after: int = 0) -> Response:
    """Events `message` (id: the outbox id) and `typing`. Resumes behind Last-Event-ID, or `after`. 204: there is no conversation yet,
    which also tells an EventSource to stop asking."""
    site = gateway(request)
    conversation_id = await site.database.read(sessions.own_conversation, sessions.ticket(request))
    if conversation_id is None:
        return Response(status_code=204)
    last = request.headers.get("last-event-id", "")
    last_id = int(last) if last.isascii() and last.isdigit() and len(last) < 19 else max(after, 0)
    return EventSourceResponse(
        _events(site, conversation_id, last_id),
        ping=HEARTBEAT,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(site: Gateway, conversation_id: int, last_id: int) -> AsyncIterator[bytes]:
    """What is new, encoded; several events at once go out in one piece, for each piece costs a task switch and a system call."""
    listener = site.hub.listen(conversation_id)
    shown_typing = False
    try:
        while not listener.ended:
            listener.event.clear()
            typing = site.hub.typing(conversation_id)
            events: list[ServerSentEvent] = []
            if listener.news:
                listener.news = False
                messages = await site.database.read(outbox.after, conversation_id, last_id, BATCH)
                listener.news |= len(messages) == BATCH
                for message in messages:
                    last_id = message["id"]
                    events.append(ServerSentEvent(data=orjson.dumps(message).decode(), event="message", id=str(last_id)))
            if typing != shown_typing:
                shown_typing = typing
                events.append(ServerSentEvent(data="true" if typing else "false", event="typing"))
            if events:
                yield b"".join(event.encode() for event in events)
            if not listener.news:
                await listener.event.wait()
    finally:
        site.hub.leave(conversation_id, listener)


async def watch(database: Database, hub: Hub) -> None:
    """Wakes the listeners of what other processes wrote, within a second. One query serves all streams of the process.

    It looks some ids back each time: on PostgreSQL the ids of different conversations may become visible out of order.
    """
    seen: set[int] = set()
    while True:
        try:
            if hub.listening():
                recent = await database.read(outbox.recent)
                for outbox_id, conversation_id in recent:
                    if outbox_id not in seen:
                        hub.wake(conversation_id)
                seen = {outbox_id for outbox_id, _ in recent}
        except DBAPIError as error:
            log.warning("outbox not readable: %s", type(error.orig).__name__)
        await asyncio.sleep(POLL)
