"""Codes that lower prices. A code on a cart shows in the price of each line, and so in everything that is made from it: totals, orders,
refunds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.errors import ShopError
from shop.models import CartCode, Promotion, now

LONGEST = 40  # characters of a code


def create(
    session: Session, code: str, percent: int, minimum_minor: int = 0, ends_at: datetime | None = None, public: bool = False
) -> Promotion:
    """Raises ShopError: `bad_code`; `bad_percent` (1 to 90); `code_exists`."""
    plain = code.strip().upper()
    if not (3 <= len(plain) <= LONGEST and plain.isascii() and plain.replace("-", "").isalnum()):
        raise ShopError("bad_code", promo_code=code)
    if not 1 <= percent <= 90:
        raise ShopError("bad_percent", percent=percent)
    made = Promotion(code=plain, percent=percent, minimum_minor=minimum_minor, ends_at=ends_at, public=public)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        raise ShopError("code_exists", promo_code=plain) from None
    return made


def end(session: Session, code: str, at: datetime | None = None) -> bool:
    """The code is worth nothing from now on; False when there is none."""
    found = _of(session, code)
    if found is not None:
        found.ends_at = at or now()
    return found is not None


def running(session: Session, at: datetime | None = None, public: bool = False) -> list[Promotion]:
    """The promotions of the moment, by code; with `public`, only those that are told to everybody."""
    moment = at or now()
    query = select(Promotion).where(Promotion.starts_at <= moment, or_(Promotion.ends_at.is_(None), Promotion.ends_at > moment))
    return list(session.scalars((query.where(Promotion.public) if public else query).order_by(Promotion.code)))


def apply(session: Session, customer_id: int, code: str, at: datetime | None = None) -> Promotion:
    """Puts the code on the customer's cart, in place of any other. Raises ShopError: `no_such_code`; `code_ended`."""
    found, moment = _of(session, code), at or now()
    if found is None or found.starts_at > moment:
        raise ShopError("no_such_code", promo_code=code.strip().upper()[:LONGEST])
    if found.ends_at is not None and found.ends_at <= moment:
        raise ShopError("code_ended", promo_code=found.code)
    remove(session, customer_id)
    session.add(CartCode(customer_id=customer_id, promotion_id=found.id))
    session.flush()
    return found


def remove(session: Session, customer_id: int) -> bool:
    """Takes the code off the cart; False when there was none."""
    return bool(session.execute(delete(CartCode).where(CartCode.customer_id == customer_id)).rowcount)


def on_cart(session: Session, customer_id: int, at: datetime | None = None) -> Promotion | None:
    """The code on the cart, as long as it is worth something."""
    moment = at or now()
    query = select(Promotion).join(CartCode, CartCode.promotion_id == Promotion.id).where(CartCode.customer_id == customer_id)
    found = session.scalars(query.where(Promotion.starts_at <= moment)).one_or_none()
    return found if found is not None and (found.ends_at is None or found.ends_at > moment) else None


def lowered(price_minor: int, percent: int) -> int:
    """A price with the percentage taken off, rounded half up, to the customer's favour never below zero."""
    return (price_minor * (100 - percent) + 50) // 100


def _of(session: Session, code: str) -> Promotion | None:
    return session.scalars(select(Promotion).where(Promotion.code == code.strip().upper()[:LONGEST])).one_or_none()
