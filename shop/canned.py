"""Ready answers with placeholders: {customer}, {agent}, {shop}, {order}, {status}, {expected} (of the newest order)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from babel.dates import format_date
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import orders
from shop.errors import ShopError
from shop.models import CannedReply, Customer
from shop.settings import Settings
from shop.text import clean

PLACEHOLDERS = ("customer", "agent", "shop", "order", "status", "expected")
_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_SHORTCUT = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}$")


@dataclass(frozen=True)
class Filled:
    """A ready answer for one customer: `text` has its placeholders filled where there is something to fill them with."""

    shortcut: str
    title: str
    text: str


def everything(session: Session) -> list[CannedReply]:
    return list(session.scalars(select(CannedReply).order_by(CannedReply.shortcut)))


def save(session: Session, shortcut: str, title: str, text: str, staff_id: int, reply_id: int | None = None) -> CannedReply:
    """A new one, or a changed one. Raises ShopError: bad_shortcut, empty_reply, shortcut_taken."""
    shortcut, title, text = shortcut.strip().lower().lstrip("/"), clean(title, 120), text.strip()[:2000]
    if not _SHORTCUT.match(shortcut):
        raise ShopError("bad_shortcut", shortcut=shortcut)
    if not text:
        raise ShopError("empty_reply")
    same = session.scalars(select(CannedReply).where(CannedReply.shortcut == shortcut)).one_or_none()
    if same is not None and same.id != reply_id:
        raise ShopError("shortcut_taken", shortcut=shortcut)
    reply = session.get_one(CannedReply, reply_id) if reply_id is not None else CannedReply(staff_id=staff_id)
    reply.shortcut, reply.title, reply.text = shortcut, title or shortcut, text
    session.add(reply)
    session.flush()
    return reply


def filled(session: Session, customer_id: int, agent: str, settings: Settings) -> list[Filled]:
    known = values(session, customer_id, agent, settings)
    return [Filled(reply.shortcut, reply.title, _put(reply.text, known)) for reply in everything(session)]


def fill(session: Session, text: str, customer_id: int, agent: str, settings: Settings) -> str:
    """What an agent wrote, with its placeholders filled. One that cannot be filled is left as it stands; the agent sees it."""
    return _put(text, values(session, customer_id, agent, settings)) if _PLACEHOLDER.search(text) else text


def values(session: Session, customer_id: int, agent: str, settings: Settings) -> dict[str, str]:
    customer = session.get_one(Customer, customer_id)
    found = {"customer": customer.name.split(" ")[0] or "there", "agent": agent, "shop": settings.shop_name}
    newest = orders.orders_of(session, customer_id, 1)
    if newest:
        found |= {"order": newest[0].number, "status": newest[0].status}
        if newest[0].expected_at:
            found["expected"] = format_date(newest[0].expected_at.date(), "EEEE d MMMM", locale=settings.locale)
    return found


def _put(text: str, known: dict[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: known.get(match[1], match[0]), text)
