"""What customers agreed to. The newest statement for each purpose counts."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from shop.models import ConsentEvent

# What holds until the customer says something: serving them well needs no question, writing to them unasked does.
DEFAULTS = {"personalisation": True, "marketing": False}


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
    said = select(ConsentEvent.granted).where(ConsentEvent.customer_id == customer_id, ConsentEvent.purpose == purpose)
    newest = session.scalars(said.order_by(ConsentEvent.at.desc(), ConsentEvent.id.desc()).limit(1)).one_or_none()
    return DEFAULTS[purpose] if newest is None else newest


def _known(purpose: str) -> None:
    if purpose not in DEFAULTS:
        raise ValueError(f"unknown purpose of consent {purpose!r}; known are {', '.join(DEFAULTS)}")
