"""Who is at the other end of a request: a browser by its cookie, or the terminal by the internal secret.

A page sets the cookie; the session behind it is stored with the visitor's first message, event or cart change, so that passers-by and
robots leave no rows. Because the cookie is there before the first of these, two that arrive at once meet in one session. A token that
has no session yet is taken only if we made it (it carries our signature): nobody can choose the token of somebody else's browser.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request, Response
from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from bot.gateway.context import gateway
from bot.gateway.problems import Problem
from bot.gateway.security import bearer_is
from shop import conversations, identity
from shop.models import Conversation, Customer, VisitorSession, now
from shop.settings import Settings
from shop.upsert import insert_or_skip

COOKIE = "shopkeeper"
SEEN_EVERY = timedelta(hours=1)
_KEY = re.compile(r"^[A-Za-z0-9_.:-]{1,80}$")
# Asked with every message: built once, and past the ORM.
_SESSIONS, _CONVERSATIONS = VisitorSession.__table__.c, Conversation.__table__.c
_CURRENT = select(_SESSIONS.id, _SESSIONS.customer_id, _SESSIONS.signed_in, _SESSIONS.last_seen_at).where(
    _SESSIONS.token_hash == bindparam("key"), _SESSIONS.expires_at > bindparam("moment")
)
_OWN = select(_CONVERSATIONS.id).where(
    _CONVERSATIONS.channel == bindparam("channel"),
    _CONVERSATIONS.address == bindparam("address"),
    _CONVERSATIONS.customer_id == bindparam("customer"),
)


@dataclass(frozen=True)
class Ticket:
    """What a request shows at the door. For the terminal, `customer` is whom it speaks for ("" for a guest) and `thread` which of its
    conversations; for a browser, `token` is its cookie's."""

    token: str = ""
    terminal: bool = False
    customer: str = ""
    thread: str = ""

    @property
    def key(self) -> str:
        return identity.token_hash(self.token)


@dataclass(frozen=True)
class Visitor:
    customer_id: int
    signed_in: bool
    channel: str
    address: str  # of the conversation on that channel
    session_id: int | None = None
    seen_at: datetime | None = None


def ticket(request: Request) -> Ticket:
    """The request's ticket; a browser without a usable cookie gets a new token. Raises a Problem for a terminal's bad header."""
    site = gateway(request)
    secret = site.settings.secret("internal_secret")
    if bearer_is(request.headers, secret):
        thread = request.headers.get("x-shopkeeper-conversation", "default")
        if not _KEY.match(thread):
            raise Problem(400, "invalid", "X-Shopkeeper-Conversation: 1 to 80 letters, digits, dots, colons, dashes")
        return Ticket(terminal=True, customer=request.headers.get("x-shopkeeper-customer", ""), thread=thread)
    token = request.cookies.get(COOKIE, "")
    return Ticket(token if 40 <= len(token) <= 100 else mint(secret))


def mint(secret: str) -> str:
    token = secrets.token_urlsafe(32)
    return f"{token}.{_signature(token, secret)}"


def give(response: Response, token: str, settings: Settings) -> None:
    """Sets the cookie, or renews its lifetime."""
    response.set_cookie(
        COOKIE, token, max_age=settings.session_days * 86400, httponly=True, secure=settings.cookie_secure,
        samesite=settings.cookie_samesite, path="/",
    )  # fmt: skip


async def current(request: Request) -> Visitor | None:
    """The visitor, if a session is stored; a customer the terminal names must exist."""
    return await gateway(request).database.read(find, ticket(request))


def find(session: Session, ticket: Ticket) -> Visitor | None:
    if ticket.terminal:
        return _terminal(session, ticket)
    return _browser(session, ticket.token)


def enter(session: Session, ticket: Ticket, settings: Settings) -> tuple[Visitor, str]:
    """The visitor, with a session stored for it if there was none, and the token that its cookie must hold from now on."""
    visitor = find(session, ticket)
    if ticket.terminal:
        return visitor or _terminal_guest(session, ticket), ""
    if visitor is not None:
        if now() - visitor.seen_at > SEEN_EVERY:
            identity.prolong(session, visitor.session_id, settings.session_days)
        return visitor, ticket.token
    token = ticket.token if _ours(ticket.token, settings.secret("internal_secret")) else mint(settings.secret("internal_secret"))
    customer = identity.guest(session)
    at = now()
    row = {
        "token_hash": identity.token_hash(token), "customer_id": customer.id, "signed_in": False, "created_at": at, "last_seen_at": at,
        "expires_at": at + timedelta(days=settings.session_days),
    }  # fmt: skip
    session_id = insert_or_skip(session, VisitorSession, row, unique=("token_hash",))
    if session_id is None:
        session.execute(delete(Customer).where(Customer.id == customer.id))
        stored = _browser(session, token)
        if stored is None:  # the token's session has expired: it is not brought back to life
            return enter(session, Ticket(mint(settings.secret("internal_secret"))), settings)
        return stored, token
    return Visitor(customer.id, False, "web", str(session_id), session_id, at), token


def conversation_of(session: Session, visitor: Visitor) -> int | None:
    """The visitor's conversation, if it has begun."""
    own = {"channel": visitor.channel, "address": visitor.address, "customer": visitor.customer_id}
    return session.connection().execute(_OWN, own).scalar()


def own_conversation(session: Session, ticket: Ticket) -> int | None:
    """The conversation of who shows this ticket, if it has begun."""
    visitor = find(session, ticket)
    return conversation_of(session, visitor) if visitor else None


def open_conversation(session: Session, visitor: Visitor) -> int:
    begun = conversation_of(session, visitor)
    return begun or conversations.open_conversation(session, visitor.channel, visitor.address, visitor.customer_id).id


def _browser(session: Session, token: str) -> Visitor | None:
    row = session.connection().execute(_CURRENT, {"key": identity.token_hash(token), "moment": now()}).one_or_none()
    return None if row is None else Visitor(row.customer_id, row.signed_in, "web", str(row.id), row.id, row.last_seen_at)


def _terminal(session: Session, ticket: Ticket) -> Visitor | None:
    if not ticket.customer:
        address = f"guest:{ticket.thread}"
        begun = select(Conversation.customer_id).where(Conversation.channel == "cli", Conversation.address == address)
        customer_id = session.scalar(begun)
        return None if customer_id is None else Visitor(customer_id, False, "cli", address)
    customer = identity.find(session, ticket.customer)
    if customer is None:
        raise Problem(404, "no_such_customer", f"There is no customer with the id or email {ticket.customer!r}.")
    return Visitor(customer.id, not customer.is_guest, "cli", f"{customer.public_id}:{ticket.thread}")


def _terminal_guest(session: Session, ticket: Ticket) -> Visitor:
    return Visitor(identity.guest(session).id, False, "cli", f"guest:{ticket.thread}")


def _signature(token: str, secret: str) -> str:
    return hmac.new(secret.encode(), b"visitor:" + token.encode(), hashlib.sha256).hexdigest()[:32]


def _ours(token: str, secret: str) -> bool:
    plain, _, signature = token.partition(".")
    return hmac.compare_digest(signature.encode(), _signature(plain, secret).encode())
