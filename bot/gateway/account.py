"""Who the visitor is: the session's facts, sign-in by the host shop's token, sign-out, and the demo shop's sign-in box."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from bot.gateway import outbox, sessions
from bot.gateway.api import address_of
from bot.gateway.context import Gateway, gateway
from bot.gateway.forms import form, render, safe_path
from bot.gateway.sessions import Ticket, Visitor
from shop import cart, identity
from shop.errors import ShopError
from shop.models import Customer, VisitorSession
from shop.settings import Settings

router = APIRouter()
AUDIENCE = "shopkeeper"  # the `aud` a host shop puts into its customers' tokens
DEMO_CUSTOMERS = {  # of shop/demo/people.yml, and what there is to ask about
    "emma.hughes@example.com": "an order on its way, one late, one to return",
    "james.okafor@example.com": "a refund, and a bag to return",
    "tom.whitfield@example.com": "an order placed today",
    "sofia.moretti@example.com": "a regular, with a parcel on its way",
    "daniel.reid@example.com": "toys due in two days",
    "priya.shah@example.com": "new here: no orders yet",
}


class Identify(BaseModel):
    token: str = Field(min_length=1, max_length=4000)


@router.get("/api/session")
async def session_facts(request: Request, read: int = 0) -> dict[str, Any]:
    """Name, whether signed in, whether a conversation has begun, units in the cart, and messages of ours after the id `read`."""
    return await gateway(request).database.read(facts, sessions.ticket(request), read)


def facts(session: Session, ticket: Ticket, read: int = 0) -> dict[str, Any]:
    visitor = sessions.find(session, ticket)
    if visitor is None:
        return {"name": "", "signed_in": False, "conversation": False, "cart": 0, "unread": 0}
    conversation_id = sessions.conversation_of(session, visitor)
    return {
        "name": session.get_one(Customer, visitor.customer_id).name if visitor.signed_in else "",
        "signed_in": visitor.signed_in,
        "conversation": conversation_id is not None,
        "cart": cart.view(session, visitor.customer_id).count,
        "unread": outbox.unread(session, conversation_id, read) if conversation_id is not None else 0,
    }


@router.post("/api/session/identify")
async def identify(request: Request) -> Response:
    """Signs the visitor in as the customer whom the host shop's token names (JWT, HS256, audience "shopkeeper")."""
    site = gateway(request)
    ticket = sessions.ticket(request)
    site.limits.change(ticket.key, address_of(request))
    token = Identify.model_validate_json(await request.body()).token
    claims = identity.read_shop_token(token, site.settings.secret("shop_token_secret"), AUDIENCE)
    name, cookie = await _sign_in(site, ticket, claims)
    response = JSONResponse({"name": name, "signed_in": True})
    sessions.give(response, cookie, site.settings)
    return response


@router.post("/api/session/sign-out")
async def sign_out(request: Request) -> Response:
    response = JSONResponse({"signed_in": False})
    await _sign_out(request, response)
    return response


@router.get("/sign-in")
async def sign_in_page(request: Request, next: str = "/") -> Response:
    return await _sign_in_page(request, safe_path(next))


@router.post("/demo/sign-in")
async def demo_sign_in(request: Request) -> Response:
    """The demo shop is its own host: it signs a token for whoever is chosen. It must never exist on a real shop."""
    site = gateway(request)
    _demo_only(site)
    ticket = sessions.ticket(request)
    site.limits.change(ticket.key, address_of(request))
    fields = await form(request)
    customer = await site.database.read(identity.find, fields.get("email", "").strip()[:320])
    if customer is None or "@" not in fields.get("email", ""):
        return await _sign_in_page(request, safe_path(fields.get("next")), "No customer of the demo shop has this email address.", 404)
    secret = site.settings.secret("shop_token_secret")
    claims = identity.read_shop_token(identity.demo_shop_token(customer, secret, AUDIENCE), secret, AUDIENCE)
    _, cookie = await _sign_in(site, ticket, claims)
    response = RedirectResponse(safe_path(fields.get("next")), 303)
    sessions.give(response, cookie, site.settings)
    return response


@router.post("/demo/sign-out")
async def demo_sign_out(request: Request) -> Response:
    _demo_only(gateway(request))
    response = RedirectResponse("/", 303)
    await _sign_out(request, response)
    return response


async def _sign_in_page(request: Request, next: str, problem: str = "", status: int = 200) -> Response:
    site = gateway(request)
    _demo_only(site)
    return await render(request, "sign_in.html", {"next": next, "problem": problem, "customers": DEMO_CUSTOMERS}, status)


def _demo_only(site: Gateway) -> None:
    if not site.settings.demo:
        raise HTTPException(404)


async def _sign_in(site: Gateway, ticket: Ticket, claims: identity.Claims) -> tuple[str, str]:
    name, cookie, conversation_id = await site.database.write(_do_sign_in, ticket, claims, site.settings)
    if conversation_id is not None:
        site.hub.end(conversation_id)
    return name, cookie


async def _sign_out(request: Request, response: Response) -> None:
    site = gateway(request)
    conversation_id = await site.database.write(_do_sign_out, sessions.ticket(request))
    if conversation_id is not None:
        site.hub.end(conversation_id)
    sessions.give(response, sessions.mint(site.settings.secret("internal_secret")), site.settings)


def _do_sign_in(session: Session, ticket: Ticket, claims: identity.Claims, settings: Settings) -> tuple[str, str, int | None]:
    visitor, _ = sessions.enter(session, ticket, settings)
    row, conversation_id = _row(session, visitor)
    done = identity.sign_in(session, row, claims, settings.session_days)
    return done.customer.name, done.token, conversation_id


def _do_sign_out(session: Session, ticket: Ticket) -> int | None:
    visitor = sessions.find(session, ticket)
    if visitor is None or visitor.session_id is None:
        return None
    row, conversation_id = _row(session, visitor)
    identity.sign_out(session, row)
    return conversation_id


def _row(session: Session, visitor: Visitor) -> tuple[VisitorSession, int | None]:
    """The browser's session, and its conversation before the change."""
    if visitor.session_id is None:
        raise ShopError("bad_token", why="the terminal names its customer in a header and cannot sign in")
    return session.get_one(VisitorSession, visitor.session_id), sessions.conversation_of(session, visitor)
