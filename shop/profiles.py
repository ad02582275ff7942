"""Loading a customer's profile from the store."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from shop.consent import allowed
from shop.models import Evidence, Interaction, Order, Product, Survey, Turn, now
from shop.profile import EvidenceItem, Profile, Rfm, fold, rfm

VECTOR_TYPE = np.float16  # of Evidence.vector
_SIGNALS = [Evidence.__table__.c[name] for name in ("id", "at", "signals", "turn_id", "interaction_id", "vector")]
_OF_CUSTOMER = select(*_SIGNALS).where(Evidence.__table__.c.customer_id == bindparam("customer"))


def load(session: Session, customer_id: int, at: datetime | None = None, half_life_days: float = 30.0) -> Profile:
    """The profile as of `at` (None: now), each fact with the turn or interaction it came from. Empty when the customer opted out."""
    if not allowed(session, customer_id, "personalisation"):
        return Profile()
    return fold(evidence_of(session, customer_id), at or now(), half_life_days)


def evidence_of(session: Session, customer_id: int) -> list[EvidenceItem]:
    """Each with the words or the act that it came from."""
    query = (
        select(*_SIGNALS, Turn.text.label("said"), Interaction.kind, Product.title, Survey.score, Survey.scale, Survey.comment)
        .outerjoin(Turn, Turn.id == Evidence.turn_id)
        .outerjoin(Interaction, Interaction.id == Evidence.interaction_id)
        .outerjoin(Product, Product.id == Interaction.product_id)
        .outerjoin(Survey, Survey.id == Evidence.survey_id)
        .where(Evidence.customer_id == customer_id)
    )
    return [
        _item(row, row.said or (_survey(row) if row.score else f"{row.kind or ''} {row.title or ''}".strip()))
        for row in session.execute(query).all()
    ]


def signals_of(session: Session, customer_id: int) -> list[EvidenceItem]:
    """The evidence without the words it came from: all that a recommendation asks for."""
    return [_item(row) for row in session.connection().execute(_OF_CUSTOMER, {"customer": customer_id})]


def _item(row: Row, text: str = "") -> EvidenceItem:
    return EvidenceItem(
        id=row.id,
        at=row.at,
        signals=row.signals,
        turn_id=row.turn_id,
        interaction_id=row.interaction_id,
        vector=unpack(row.vector),
        text=text,
    )


def _survey(row: Row) -> str:
    return f"survey: {row.score} of {row.scale}" + (f", {row.comment}" if row.comment else "")


def rfm_of(session: Session, customer_id: int, at: datetime | None = None) -> Rfm:
    return rfm(session.scalars(select(Order).where(Order.customer_id == customer_id)), at or now())


def pack(vector: np.ndarray) -> bytes:
    """(dim,) -> the bytes that Evidence.vector holds."""
    return vector.astype(VECTOR_TYPE).tobytes()


def unpack(stored: bytes | None) -> np.ndarray | None:
    return None if stored is None else np.frombuffer(stored, dtype=VECTOR_TYPE).astype(np.float32)
