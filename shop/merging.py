"""A guest turns out to be a customer we know."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from shop.cart import MAX_QUANTITY
from shop.locks import serialise
from shop.models import (
    AppliedCommand,
    CartCode,
    CartLine,
    Case,
    ConsentEvent,
    Conversation,
    Customer,
    Evidence,
    Impression,
    Interaction,
    Order,
    ProductAlert,
    Review,
    Turn,
    VisitorSession,
)

# Every table that names a customer, but the cart, whose lines are added up, and requests to be forgotten (see identity.sign_in).
_FOLLOWS = (
    AppliedCommand,
    Case,
    ConsentEvent,
    Conversation,
    Evidence,
    Impression,
    Interaction,
    Order,
    ProductAlert,
    Review,
    Turn,
    VisitorSession,
)


def merge(session: Session, guest: Customer, known: Customer) -> None:
    """Everything of the guest becomes the known customer's, and the guest is deleted. Raises ValueError unless the first is a guest."""
    if not guest.is_guest or guest.id == known.id:
        raise ValueError(f"customer {guest.id} is not a guest that can become customer {known.id}")
    session.flush()
    serialise(session, f"cart:{guest.id}", f"cart:{known.id}")
    _merge_carts(session, guest.id, known.id)
    _merge_codes_and_alerts(session, guest.id, known.id)
    for table in _FOLLOWS:
        mine = update(table).where(table.customer_id == guest.id).values(customer_id=known.id)
        session.execute(mine, execution_options={"synchronize_session": False})
    session.expire_all()
    session.execute(delete(Customer).where(Customer.id == guest.id))
    session.expunge(guest)


def _merge_carts(session: Session, guest_id: int, known_id: int) -> None:
    """Sums up, within the limit. More than the stock may result: the checkout says so, and nothing is lost silently."""
    lines = {line.product_id: line for line in session.scalars(select(CartLine).where(CartLine.customer_id == known_id))}
    for line in session.scalars(select(CartLine).where(CartLine.customer_id == guest_id)).all():
        if line.product_id in lines:
            same = lines[line.product_id]
            same.quantity = min(same.quantity + line.quantity, MAX_QUANTITY)
            session.delete(line)
        else:
            line.customer_id = known_id
    session.flush()


def _merge_codes_and_alerts(session: Session, guest_id: int, known_id: int) -> None:
    """The code of the guest's cart wins, being the newer; of two open wishes to be told the same, the known customer's stays."""
    if (code := session.get(CartCode, guest_id)) is not None:
        session.execute(delete(CartCode).where(CartCode.customer_id == known_id))
        code.customer_id = known_id
    still = (ProductAlert.told_at.is_(None), ProductAlert.ended_at.is_(None))
    known = session.execute(select(ProductAlert.product_id, ProductAlert.kind).where(ProductAlert.customer_id == known_id, *still)).all()
    for alert in session.scalars(select(ProductAlert).where(ProductAlert.customer_id == guest_id, *still)).all():
        if (alert.product_id, alert.kind) in {tuple(row) for row in known}:
            session.delete(alert)
    session.flush()
