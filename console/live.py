"""Server-sent events for a colleague: which conversations changed, and which customers are writing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse, ServerSentEvent

from console.access import person_of
from console.context import Console, console
from console.pages import Pages
from shop import queue, staff
from shop.models import Conversation, StaffSession, now

router = Pages()
HEARTBEAT = 15  # seconds
TOGETHER = 0.15  # seconds: what changes within that time is told at once


@router.page("/live", "chats.see")
async def live(request: Request) -> Response:
    """Events `changed` ({"chats": [public ids], "counts": ...}) and `typing` ([public ids]). What changed the browser fetches anew: an
    event that gets lost costs nothing, the next page is right again."""
    person = person_of(request)
    return EventSourceResponse(
        _events(console(request), person.id, person.session_id),
        ping=HEARTBEAT,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(site: Console, staff_id: int, session_id: int) -> AsyncIterator[ServerSentEvent]:
    observer = site.live.observe()
    try:
        yield await _changed(site, set(), staff_id)
        while not observer.ended:
            try:
                await asyncio.wait_for(observer.event.wait(), HEARTBEAT)
            except TimeoutError:
                if not await site.database.read(_still_signed_in, session_id):
                    return
                continue
            await asyncio.sleep(TOGETHER)
            observer.event.clear()
            changed, typing = set(observer.changed), set(observer.typing)
            observer.changed.clear()
            observer.typing.clear()
            if not await site.database.read(_still_signed_in, session_id):
                return
            if changed:
                yield await _changed(site, changed, staff_id)
            if typing:
                names = await site.database.read(_public_ids, typing)
                yield ServerSentEvent(data=orjson.dumps(names).decode(), event="typing")
    finally:
        site.live.overlook(observer)


async def _changed(site: Console, ids: set[int], staff_id: int) -> ServerSentEvent:
    chats = await site.database.read(_public_ids, ids)
    counts = await site.database.read(queue.counts, staff_id)
    return ServerSentEvent(data=orjson.dumps({"chats": chats, "counts": counts}).decode(), event="changed")


def _public_ids(session: Session, ids: set[int]) -> list[str]:
    return list(session.scalars(select(Conversation.public_id).where(Conversation.id.in_(ids)))) if ids else []


def _still_signed_in(session: Session, session_id: int) -> bool:
    found = session.get(StaffSession, session_id)
    return found is not None and found.expires_at > now() and session.get_one(staff.Staff, found.staff_id).active
