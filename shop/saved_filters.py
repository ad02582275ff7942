"""Filters that a colleague keeps under a name."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shop.errors import ShopError
from shop.models import SavedFilter
from shop.text import clean
from shop.transcripts_language import parse

MOST = 50


def of(session: Session, staff_id: int) -> list[SavedFilter]:
    return list(session.scalars(select(SavedFilter).where(SavedFilter.staff_id == staff_id).order_by(SavedFilter.name)))


def save(session: Session, staff_id: int, name: str, query: str) -> None:
    """Keeps the filter; one of the same name is replaced. Raises BadFilter, ShopError bad_name or too_many."""
    parse(query)
    name = clean(name, 80)
    if not name:
        raise ShopError("bad_name")
    mine = of(session, staff_id)
    known = next((one for one in mine if one.name == name), None)
    if known is not None:
        known.query = query
    elif len(mine) >= MOST:
        raise ShopError("too_many")
    else:
        session.add(SavedFilter(staff_id=staff_id, name=name, query=query))


def forget(session: Session, staff_id: int, name: str) -> None:
    session.execute(delete(SavedFilter).where(SavedFilter.staff_id == staff_id, SavedFilter.name == name))
