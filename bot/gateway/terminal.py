"""For our own tools: the terminal's wait for a turn, and whether the process is well."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.gateway import sessions, turns
from bot.gateway.context import gateway
from bot.gateway.problems import Problem

router = APIRouter()
LONGEST_WAIT = 30.0  # seconds
LOOK_EVERY = 0.5  # seconds, should a wake-up get lost


@router.get("/api/turns/{client_message_id}")
async def turn(request: Request, client_message_id: str, wait: float = LONGEST_WAIT) -> Response:
    """The turn that answered the terminal's message, waited for; 202 with `state: pending` when it takes longer."""
    site = gateway(request)
    if not sessions.ticket(request).terminal:
        raise Problem(403, "terminal_only", "Turns are shown to the terminal, which knows the internal secret.")
    visitor = await sessions.current(request)
    conversation_id = await site.database.read(sessions.conversation_of, visitor) if visitor else None
    if conversation_id is None:
        raise Problem(404, "not_found", "There is no such conversation.")
    deadline = time.monotonic() + min(max(wait, 0.0), LONGEST_WAIT)
    listener = site.hub.listen(conversation_id)
    try:
        while True:
            listener.event.clear()
            if listener.news:
                listener.news = False
                found = await site.database.read(turns.answered, conversation_id, client_message_id)
                if found is not None:
                    return JSONResponse(found)
            left = deadline - time.monotonic()
            if left <= 0 or listener.ended:
                return JSONResponse({"state": "pending"}, 202)
            try:
                await asyncio.wait_for(listener.event.wait(), min(left, LOOK_EVERY))
            except TimeoutError:
                listener.news = True
    finally:
        site.hub.leave(conversation_id, listener)


@router.get("/health")
async def health(request: Request) -> Response:
    """200 when messages can be stored and are being worked on. Rasa's absence is no illness of this process."""
    site = gateway(request)
    database = await _database_answers(request)
    well = database and site.dispatcher.healthy()
    return JSONResponse({"ok": well, "database": database, "dispatcher": site.dispatcher.healthy()}, 200 if well else 503)


@router.get("/api/status")
async def status(request: Request) -> dict[str, bool]:
    """Whether the assistant can answer now; the chat shows it."""
    site = gateway(request)
    return {"database": await _database_answers(request), "assistant": await site.rasa.healthy()}


async def _database_answers(request: Request) -> bool:
    try:
        return await gateway(request).database.read(_one) == 1
    except DBAPIError:
        return False


def _one(session: Session) -> int:
    return session.scalar(text("SELECT 1")) or 0
