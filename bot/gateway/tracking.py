"""What a visitor does on the pages, recorded as interactions."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, TypeAdapter
from sqlalchemy.orm import Session

from bot.gateway import sessions
from bot.gateway.api import address_of
from bot.gateway.context import gateway
from bot.gateway.sessions import Ticket
from shop import catalogue, interactions
from shop.settings import Settings

router = APIRouter()
MOST = 20  # events in one request


class Event(BaseModel):
    """`event_id` is made by the page; the same one again is the same event."""

    event_id: str = Field(pattern=r"^[A-Za-z0-9_.:-]{8,80}$")
    kind: Literal["view", "search", "click", "cart"]
    sku: str | None = Field(None, max_length=120)
    query: str | None = Field(None, max_length=300)


_EVENTS = TypeAdapter(list[Event])


@router.post("/api/events")
async def record(request: Request) -> Response:
    """Takes a list of events and says how many of them were new and about something that exists."""
    site = gateway(request)
    ticket = sessions.ticket(request)
    site.limits.change(ticket.key, address_of(request))
    events = _EVENTS.validate_json(await request.body())[:MOST]
    stored, token = await site.database.write(_record, ticket, events, site.settings)
    response = JSONResponse({"recorded": stored})
    if token and token != request.cookies.get(sessions.COOKIE):
        sessions.give(response, token, site.settings)
    return response


def _record(session: Session, ticket: Ticket, events: list[Event], settings: Settings) -> tuple[int, str]:
    visitor, token = sessions.enter(session, ticket, settings)
    return sum(_record_one(session, visitor.customer_id, event) for event in events), token


def _record_one(session: Session, customer_id: int, event: Event) -> bool:
    product = catalogue.by_sku(session, event.sku) if event.sku else None
    if (event.query if event.kind == "search" else product) is None:
        return False
    # The visitor's own number stands before the page's id: nobody can use up another visitor's ids.
    key = f"web:{customer_id}:{event.event_id}"
    return interactions.record(session, customer_id, event.kind, product.id if product else None, query=event.query, event_key=key)
