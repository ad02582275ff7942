"""Who is at the other end: guests, browser sessions, sign-in by the host shop's signed token."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from shop.addresses import checked_email
from shop.errors import ShopError
from shop.locks import serialise
from shop.merging import merge
from shop.models import Customer, ErasureRequest, VisitorSession, now
from shop.text import clean

SESSION_DAYS = 180
TOKEN_MINUTES = 5


@dataclass(frozen=True)
class Claims:
    """What the host shop vouches for. `sub` is its own id of the customer (our `external_id`)."""

    sub: str
    email: str = ""
    name: str = ""


@dataclass(frozen=True)
class SignedIn:
    """`token` replaces the one in the browser's cookie: an id known before sign-in must be worth nothing after it."""

    customer: Customer
    visitor: VisitorSession
    token: str


def guest(session: Session) -> Customer:
    """A new customer of whom nothing is known."""
    customer = Customer()
    session.add(customer)
    session.flush()
    return customer


def find(session: Session, who: str) -> Customer | None:
    """By id, public id, external id or email: for the command line and staff, never for a customer's own words."""
    ids = [Customer.id == int(who)] if who.isascii() and who.isdigit() and len(who) < 19 else []
    query = select(Customer).where(or_(Customer.public_id == who, Customer.external_id == who, Customer.email == who.lower(), *ids))
    found = session.scalars(query.limit(2)).all()
    return next((c for c in found if str(c.id) != who), found[0] if found else None)  # a shop's own id beats our number


def new_session(session: Session, customer: Customer, signed_in: bool = False, days: int = SESSION_DAYS) -> tuple[str, VisitorSession]:
    """A browser's new session and the token for its cookie. Only the token's hash is stored."""
    token = secrets.token_urlsafe(32)
    visitor = VisitorSession(
        token_hash=token_hash(token), customer_id=customer.id, signed_in=signed_in, expires_at=now() + timedelta(days=days)
    )
    session.add(visitor)
    session.flush()
    return token, visitor


def session_of(session: Session, token: str, at: datetime | None = None) -> VisitorSession | None:
    """None for an unknown or expired token."""
    alive = (VisitorSession.token_hash == token_hash(token), VisitorSession.expires_at > (at or now()))
    return session.scalars(select(VisitorSession).where(*alive)).one_or_none()


def prolong(session: Session, visitor_id: int, days: int = SESSION_DAYS, at: datetime | None = None) -> None:
    """Marks the browser as seen and moves its expiry; call it seldom (once an hour), not with every request."""
    visitor = session.get(VisitorSession, visitor_id)
    if visitor is not None:
        visitor.last_seen_at = at or now()
        visitor.expires_at = visitor.last_seen_at + timedelta(days=days)


def sign_in(session: Session, visitor: VisitorSession, claims: Claims, days: int = SESSION_DAYS) -> SignedIn:
    """Signs the browser in as the customer the claims name, by `sub`, else by email, else as a new one.

    What a guest did in this browser becomes the customer's. If somebody else was signed in here, or the guest asked to be forgotten,
    nothing of theirs does: the customer gets a new session, and with it a new chat.
    """
    visitor = session.merge(visitor)
    serialise(session, f"sign-in:{claims.sub}", *([f"sign-in:{claims.email}"] if claims.email else []))
    present = session.get_one(Customer, visitor.customer_id)
    known = _known(session, claims)
    another = not present.is_guest and (known is None or known.id != present.id)
    if another or (present.is_guest and _is_to_be_forgotten(session, present)):
        sign_out(session, visitor)
        customer = _complete(session, known or guest(session), claims)
        token, visitor = new_session(session, customer, signed_in=True, days=days)
        return SignedIn(customer, visitor, token)
    if known is not None and known.id != present.id:
        merge(session, present, known)
    customer = _complete(session, known or present, claims)
    token = secrets.token_urlsafe(32)
    visitor.token_hash, visitor.customer_id, visitor.signed_in = token_hash(token), customer.id, True
    visitor.last_seen_at, visitor.expires_at = now(), now() + timedelta(days=days)
    session.flush()
    return SignedIn(customer, visitor, token)


def sign_out(session: Session, visitor: VisitorSession) -> None:
    """Ends the browser's session. Its next one is a new guest's, with nothing of this customer in it."""
    session.execute(delete(VisitorSession).where(VisitorSession.id == visitor.id))


def remove_expired(session: Session, at: datetime | None = None) -> int:
    """Deletes the sessions that ended, and returns how many."""
    return session.execute(delete(VisitorSession).where(VisitorSession.expires_at <= (at or now()))).rowcount


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def read_shop_token(token: str, secret: str, audience: str) -> Claims:
    """The claims of the host shop's token (JWT, HS256; exp, sub and aud required). Raises ShopError `bad_token` (why)."""
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], audience=audience, options={"require": ["exp", "sub", "aud"]}, leeway=10)
    except jwt.InvalidTokenError as error:
        raise ShopError("bad_token", why=str(error)) from None
    sub = clean(str(claims["sub"]), 121)
    if not 0 < len(sub) <= 120:
        raise ShopError("bad_token", why="sub must have 1 to 120 characters")
    email = claims.get("email") or ""
    try:
        email = checked_email(str(email)) if email else ""
    except ShopError:
        raise ShopError("bad_token", why="email is not an email address") from None
    return Claims(sub, email, clean(str(claims.get("name") or ""), 200))


def demo_shop_token(customer: Customer, secret: str, audience: str) -> str:
    """What a host shop would sign for its signed-in customer; the demo shop is its own host."""
    claims = {"sub": customer.external_id or customer.public_id, "aud": audience, "exp": now() + timedelta(minutes=TOKEN_MINUTES)}
    if customer.email:
        claims["email"] = customer.email
    return jwt.encode({**claims, "name": customer.name}, secret, algorithm="HS256")


def _known(session: Session, claims: Claims) -> Customer | None:
    known = session.scalars(select(Customer).where(Customer.external_id == claims.sub)).one_or_none()
    if known is not None or not claims.email:
        return known
    same_email = session.scalars(select(Customer).where(Customer.email == claims.email)).one_or_none()
    # The email of a customer whom the shop knows under another id does not open that customer's account.
    return same_email if same_email is not None and same_email.external_id is None else None


def _is_to_be_forgotten(session: Session, customer: Customer) -> bool:
    pending = select(ErasureRequest.id).where(ErasureRequest.customer_id == customer.id, ErasureRequest.done_at.is_(None))
    return session.scalar(pending.limit(1)) is not None


def _complete(session: Session, customer: Customer, claims: Claims) -> Customer:
    """Fills in what was not known yet."""
    customer.external_id = customer.external_id or claims.sub
    customer.name = customer.name or claims.name
    taken = select(Customer.id).where(Customer.email == claims.email, Customer.id != customer.id)
    if claims.email and not customer.email and session.scalar(taken) is None:
        customer.email = claims.email
    session.flush()
    return customer
