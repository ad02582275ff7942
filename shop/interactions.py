"""Recording what customers do with products."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.models import Interaction, now
from shop.text import clean

KINDS = frozenset({"view", "search", "click", "cart", "purchase", "rating", "like", "dislike"})
LOOKED_AT = ("view", "click", "cart", "like", "purchase")  # whoever did this to a product has seen it


def record(
    session: Session,
    customer_id: int,
    kind: str,
    product_id: int | None = None,
    value: float | None = None,
    query: str | None = None,
    source: str = "web",
    event_key: str | None = None,
    at: datetime | None = None,
) -> bool:
    """Stores one interaction; False when its `event_key` was stored before, or when customer or product do not exist.

    `value` is a quantity (purchase, cart) or stars (rating). Raises ValueError for an unknown kind, or one without what it is about.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of interaction {kind!r}; known are {', '.join(sorted(KINDS))}")
    query = clean(query, 300) or None
    if (query if kind == "search" else product_id) is None:
        raise ValueError(f"a {kind} needs a {'query' if kind == 'search' else 'product'}")
    row = Interaction(
        customer_id=customer_id,
        kind=kind,
        product_id=product_id,
        value=value,
        query=query,
        source=source,
        event_key=event_key,
        at=at or now(),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def viewed(session: Session, customer_id: int, limit: int) -> list[int]:
    """The ids of the products that the customer looked at, or did more with, the latest first."""
    seen = select(Interaction.product_id).where(Interaction.customer_id == customer_id, Interaction.kind.in_(LOOKED_AT))
    return list(session.scalars(seen.group_by(Interaction.product_id).order_by(func.max(Interaction.id).desc()).limit(limit)))
