"""Showing an order to somebody who is not signed in: they name it and its email, and cannot guess for long."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.locks import serialise
from shop.models import Order, VerificationAttempt, now
from shop.numbers import normalise

TRIES_PER_CONVERSATION = 5
TRIES_PER_NUMBER = 10
WINDOW = timedelta(minutes=15)
GRANT_LASTS = timedelta(hours=24)


@dataclass(frozen=True)
class Verified:
    order: Order


@dataclass(frozen=True)
class Denied:
    """`reason`: mismatch (also for a number that does not exist: nobody learns which it was) or locked (try again after the window)."""

    reason: str
    tries_left: int


def verify_order(
    session: Session, conversation_public_id: str, number: str, email: str, message_id: str, at: datetime | None = None
) -> Verified | Denied:
    """One try. A repeated delivery of the same message gets the first one's answer and is no second try."""
    at, number = at or now(), normalise(number)
    serialise(session, f"verify:{conversation_public_id}", f"verify:{number}")
    left = _tries_left(session, conversation_public_id, number, at)
    repeat = session.scalars(select(VerificationAttempt).where(VerificationAttempt.message_id == message_id)).one_or_none()
    if repeat is not None:
        order = session.get(Order, repeat.order_id) if repeat.granted and repeat.order_id else None
        return Verified(order) if order is not None else Denied("mismatch", left)
    if left <= 0:
        return Denied("locked", 0)
    order = session.scalars(select(Order).where(Order.number == number)).one_or_none()
    granted = _same_email(order.email if order is not None else "", email) and order is not None
    session.add(_attempt(conversation_public_id, number, order if granted else None, message_id, at))
    session.flush()
    return Verified(order) if granted and order is not None else Denied("mismatch", left - 1)


def grant(session: Session, conversation_public_id: str, order: Order, message_id: str, at: datetime | None = None) -> None:
    """Lets a conversation see an order without a try: the one that was just placed in it."""
    known = select(VerificationAttempt.id).where(VerificationAttempt.message_id == message_id)
    if session.scalar(known) is None:
        session.add(_attempt(conversation_public_id, order.number, order, message_id, at or now()))
        session.flush()


def granted_orders(session: Session, conversation_public_id: str, at: datetime | None = None) -> list[Order]:
    """The orders this conversation may see now, newest first."""
    granted = _granted(conversation_public_id, at or now()).with_only_columns(VerificationAttempt.order_id)
    return list(session.scalars(select(Order).where(Order.id.in_(granted)).order_by(Order.placed_at.desc(), Order.id.desc())))


def may_see(
    session: Session, order: Order, customer_id: int, signed_in: bool, conversation_public_id: str, at: datetime | None = None
) -> bool:
    """The signed-in owner, or a conversation that was granted the order within the last 24 hours."""
    if signed_in and order.customer_id is not None and order.customer_id == customer_id:
        return True
    granted = _granted(conversation_public_id, at or now()).where(VerificationAttempt.order_id == order.id)
    return session.scalar(granted.limit(1)) is not None


def _granted(conversation_public_id: str, at: datetime):
    mine = (VerificationAttempt.conversation_id == conversation_public_id, VerificationAttempt.granted)
    return select(VerificationAttempt).where(*mine, VerificationAttempt.at > at - GRANT_LASTS)


def _tries_left(session: Session, conversation_public_id: str, number: str, at: datetime) -> int:
    failed = select(func.count()).where(~VerificationAttempt.granted, VerificationAttempt.at > at - WINDOW)
    here = session.scalar(failed.where(VerificationAttempt.conversation_id == conversation_public_id)) or 0
    there = session.scalar(failed.where(VerificationAttempt.order_number == number)) or 0
    return min(TRIES_PER_CONVERSATION - here, TRIES_PER_NUMBER - there)


def _attempt(conversation_public_id: str, number: str, order: Order | None, message_id: str, at: datetime) -> VerificationAttempt:
    return VerificationAttempt(
        conversation_id=conversation_public_id,
        order_number=number,
        order_id=order.id if order is not None else None,
        granted=order is not None,
        message_id=message_id,
        at=at,
    )


def _same_email(stored: str, given: str) -> bool:
    """In a time that does not tell how much of it agrees, nor whether there was an order at all."""
    right = stored.strip().lower() or secrets.token_hex(16)
    digests = [hashlib.sha256(text.encode()).digest() for text in (right, given.strip().lower())]
    return hmac.compare_digest(*digests)
