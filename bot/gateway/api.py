"""The chat's JSON: send a message, read what was said."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session
from starlette.routing import Route

from bot.gateway import inbox, outbox, sessions
from bot.gateway.context import gateway
from bot.gateway.database import URGENT
from bot.gateway.inbox import Work
from bot.gateway.messages import Command, Satisfaction, Sent, Thumb
from bot.gateway.problems import Problem
from bot.gateway.sessions import Ticket
from shop import catalogue, ratings, surveys
from shop.errors import ShopError
from shop.settings import Settings

router = APIRouter(prefix="/api")
PAGE = 50  # messages of history at a time


# With each message the plain route saves what FastAPI does for routes that declare their parameters.
async def send(request: Request) -> Response:
    """202 once the message is on disk. The same client_message_id again is 202 again and changes nothing."""
    site = gateway(request)
    sent = Sent.model_validate_json(await request.body())
    _check_length(sent.text, site.settings.message_max_chars)
    ticket = sessions.ticket(request)
    if not ticket.terminal:
        site.limits.message(ticket.key, address_of(request))
    inbox_id, new, conversation_id, token, work = await site.database.write(_accept, ticket, sent, site.settings, urgency=URGENT)
    if new:
        site.hub.wake(conversation_id)
        site.dispatcher.wake(conversation_id, work)
    response = JSONResponse({"id": inbox_id, "client_message_id": sent.client_message_id}, 202)
    if token != request.cookies.get(sessions.COOKIE) and token:
        sessions.give(response, token, site.settings)
    return response


routes = [Route("/api/messages", send, methods=["POST"])]


@router.get("/history")
async def history(request: Request, before: int | None = None, limit: int = PAGE) -> dict[str, Any]:
    """The conversation's last messages, newest last; `before` an id: those that precede it. `more` tells whether older ones exist."""
    site = gateway(request)
    limit = min(max(limit, 1), 200)
    messages = await site.database.read(_history, sessions.ticket(request), before, limit + 1)
    return {"messages": messages[-limit:], "more": len(messages) > limit}


@router.post("/typing", status_code=204)
async def typing(request: Request) -> None:
    """The visitor is writing: colleagues who watch see it for some seconds. Nothing is stored."""
    site = gateway(request)
    ticket = sessions.ticket(request)
    site.limits.change(ticket.key, address_of(request))
    conversation_id = await site.database.read(sessions.own_conversation, ticket)
    if conversation_id is not None:
        site.hub.customer_types(conversation_id)


@router.post("/surveys/{survey_id:int}", status_code=204)
async def survey(request: Request, survey_id: int) -> None:
    """The visitor's own survey, answered: a score, then perhaps a comment. 404 for anybody else's."""
    site = gateway(request)
    ticket = sessions.ticket(request)
    site.limits.change(ticket.key, address_of(request))
    given = Satisfaction.model_validate_json(await request.body())
    conversation_id = await site.database.write(_satisfied, ticket, survey_id, given)
    site.hub.wake(conversation_id)


@router.post("/thumbs/{message_id:int}", status_code=204)
async def thumb(request: Request, message_id: int) -> None:
    """Up or down for a message that the bot sent this visitor; the last one counts. 404 for anybody else's."""
    site = gateway(request)
    ticket = sessions.ticket(request)
    site.limits.change(ticket.key, address_of(request))
    given = Thumb.model_validate_json(await request.body())
    site.hub.wake(await site.database.write(_thumbed, ticket, message_id, given.up))


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _check_length(text: str, longest: int) -> None:
    if not text:
        raise Problem(422, "empty", "The message has no text.")
    if len(text) > longest:
        raise Problem(413, "too_long", f"A message may have at most {longest} characters; this one has {len(text)}.")


def _accept(session: Session, ticket: Ticket, sent: Sent, settings: Settings) -> tuple[int, bool, int, str, Work | None]:
    visitor, token = sessions.enter(session, ticket, settings)
    conversation_id = sessions.open_conversation(session, visitor)
    command = _checked(session, sent.command) if sent.command else None
    inbox_id, new = inbox.accept(session, conversation_id, sent, command)
    # What is to be answered next is known here for the price of a query; read by itself it would cost a transaction.
    return inbox_id, new, conversation_id, token, inbox.next_work(session, conversation_id) if new else None


def _checked(session: Session, command: Command) -> dict[str, Any]:
    """The button as Rasa takes it. A button is pressed on a card we drew, but what arrives is checked like any other input."""
    product = catalogue.by_sku(session, command.sku)
    if product is None or not product.active:
        raise ShopError("no_such_product", sku=command.sku)
    return {"intent": command.name, "entities": {"sku": product.sku}}


def _satisfied(session: Session, ticket: Ticket, survey_id: int, given: Satisfaction) -> int:
    conversation_id = sessions.own_conversation(session, ticket)
    if conversation_id is None or not surveys.answer(session, conversation_id, survey_id, given.score, given.comment):
        raise Problem(404, "not_found", "There is no such question for you.")
    return conversation_id


def _thumbed(session: Session, ticket: Ticket, message_id: int, up: bool) -> int:
    conversation_id = sessions.own_conversation(session, ticket)
    if conversation_id is None or message_id >= 2**62 or not ratings.rate(session, conversation_id, message_id, up):
        raise Problem(404, "not_found", "There is no such message for you.")
    return conversation_id


def _history(session: Session, ticket: Ticket, before: int | None, limit: int) -> list[dict[str, Any]]:
    conversation_id = sessions.own_conversation(session, ticket)
    return [] if conversation_id is None else outbox.before(session, conversation_id, before, limit)
