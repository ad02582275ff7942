"""Telling customers who asked for it that a product is back, or costs less. The wish itself is the consent, and can be taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from shop import consent
from shop.models import Conversation, OutboxMessage, Product, ProductAlert, now

PURPOSE = "alerts"  # of consent: given by asking to be told, taken back by unsubscribing
AT_ONCE = 50


@dataclass(frozen=True)
class Asked:
    """`new` is False when the same was asked before; `below_minor` as in ProductAlert."""

    kind: str
    below_minor: int | None
    new: bool


def ask(
    session: Session, customer_id: int, conversation_id: int, product: Product, message_id: str, below_minor: int | None = None
) -> Asked:
    """Notes the wish to be told: when the product is back if it is sold out, else when it costs less than now, or than `below_minor`."""
    kind = "back" if product.stock <= 0 and below_minor is None else "cheaper"
    bound = None if kind == "back" else min(below_minor or product.price_minor, product.price_minor)
    consent.set_consent(session, customer_id, PURPOSE, True, "chat", message_id)
    same = (ProductAlert.customer_id == customer_id, ProductAlert.product_id == product.id, ProductAlert.kind == kind)
    open_one = session.scalars(select(ProductAlert).where(*same, *_OPEN)).one_or_none()
    if open_one is not None:
        open_one.conversation_id, open_one.below_minor = conversation_id, bound
    else:
        session.add(
            ProductAlert(customer_id=customer_id, conversation_id=conversation_id, product_id=product.id, kind=kind, below_minor=bound)
        )
    session.flush()
    return Asked(kind, bound, open_one is None)


def end(session: Session, customer_id: int, product_id: int | None = None) -> int:
    """Takes back the customer's wishes, or the one about a product; how many there were."""
    mine = [ProductAlert.customer_id == customer_id, *_OPEN]
    if product_id is not None:
        mine.append(ProductAlert.product_id == product_id)
    return session.execute(update(ProductAlert).where(*mine).values(ended_at=now())).rowcount


def due(session: Session, limit: int = AT_ONCE) -> list[int]:
    """Ids of the open wishes that have come true, oldest first."""
    query = select(ProductAlert.id).join(Product, Product.id == ProductAlert.product_id)
    return list(session.scalars(query.where(*_OPEN, _TRUE).order_by(ProductAlert.id).limit(limit)))


def tell(session: Session, alert_id: int, payload: Any, at: datetime | None = None) -> bool:
    """Writes the message into the customer's conversation and closes the wish, in the caller's one transaction; False when somebody else
    has, when it is not true any more, or when the customer does not want it any more. `payload(kind, product)` makes the message."""
    alert = session.get(ProductAlert, alert_id, with_for_update=True, populate_existing=True)
    if alert is None or alert.told_at is not None or alert.ended_at is not None:
        return False
    if not consent.allowed(session, alert.customer_id, PURPOSE):
        alert.ended_at = at or now()
        return False
    product = session.get_one(Product, alert.product_id, populate_existing=True)
    cheap = alert.below_minor is not None and product.price_minor < alert.below_minor
    if not product.active or not (product.stock > 0 if alert.kind == "back" else cheap):
        return False
    alert.told_at = at or now()
    session.add(OutboxMessage(conversation_id=alert.conversation_id, payload=payload(alert.kind, product)))
    session.flush()
    return True


def conversation_id(session: Session, public_id: str) -> int:
    return session.scalars(select(Conversation.id).where(Conversation.public_id == public_id)).one()


_OPEN = (ProductAlert.told_at.is_(None), ProductAlert.ended_at.is_(None))
_TRUE = and_(
    Product.active,
    or_(
        and_(ProductAlert.kind == "back", Product.stock > 0),
        and_(ProductAlert.kind == "cheaper", Product.price_minor < ProductAlert.below_minor),
    ),
)
