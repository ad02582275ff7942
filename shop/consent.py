"""What customers agreed to. The newest statement for each purpose counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from shop.models import ConsentEvent

# What holds until the customer says something: serving them well needs no question, writing to them unasked does.
DEFAULTS = {"personalisation": True, "marketing": False, "alerts": False}
# Asked with every recommendation: built once, and past the ORM.
_SAID = ConsentEvent.__table__.c
_NEWEST = (
    select(_SAID.granted)
    .where(_SAID.customer_id == bindparam("customer"), _SAID.purpose == bindparam("purpose"))
    .order_by(_SAID.at.desc(), _SAID.id.desc())
    .limit(1)
)


def set_consent(session: Session, customer_id: int, purpose: str, granted: bool, source: str, message_id: str | None = None) -> None:
    """Stores a statement; the same message's repeated delivery stores nothing. Raises ValueError for an unknown purpose."""
    _known(purpose)
    if message_id is not None:
        same = (ConsentEvent.customer_id == customer_id, ConsentEvent.purpose == purpose, ConsentEvent.message_id == message_id)
        if session.scalar(select(exists().where(*same))):
            return
    session.add(ConsentEvent(customer_id=customer_id, purpose=purpose, granted=granted, source=source, message_id=message_id))
    session.flush()


def allowed(session: Session, customer_id: int, purpose: str) -> bool:
    """Raises ValueError for an unknown purpose."""
    _known(purpose)
    newest = session.connection().execute(_NEWEST, {"customer": customer_id, "purpose": purpose}).scalar()
    return DEFAULTS[purpose] if newest is None else newest


def statements(session: Session, customer_id: int) -> list[ConsentEvent]:
    """All that the customer ever said, oldest first."""
    said = select(ConsentEvent).where(ConsentEvent.customer_id == customer_id)
    return list(session.scalars(said.order_by(ConsentEvent.at, ConsentEvent.id)))


def as_of(said: Sequence[ConsentEvent], moment: datetime) -> dict[str, bool]:
    """What was allowed then, by purpose; `said` as `statements` gives it."""
    return DEFAULTS | {one.purpose: one.granted for one in said if one.at <= moment and one.purpose in DEFAULTS}


def refusing(session: Session, customer_ids: Collection[int], purpose: str) -> set[int]:
    """Those of the customers for whom `purpose` is not allowed; `allowed` for many at once. Raises ValueError for an unknown purpose."""
    _known(purpose)
    said = select(ConsentEvent.customer_id, ConsentEvent.granted)
    said = said.where(ConsentEvent.customer_id.in_(customer_ids), ConsentEvent.purpose == purpose)
    newest = dict.fromkeys(customer_ids, DEFAULTS[purpose])
    newest.update((row.customer_id, row.granted) for row in session.execute(said.order_by(ConsentEvent.at, ConsentEvent.id)))
    return {customer_id for customer_id, granted in newest.items() if not granted}


def _known(purpose: str) -> None:
    if purpose not in DEFAULTS:
        raise ValueError(f"unknown purpose of consent {purpose!r}; known are {', '.join(DEFAULTS)}")
