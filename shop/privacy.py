"""A customer's rights over what is stored: see it, delete a part, be forgotten."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, inspect, select, update
from sqlalchemy.orm import Session

from shop.models import (
    AppliedCommand,
    Base,
    CartCode,
    CartLine,
    Case,
    ConsentEvent,
    Conversation,
    ConversationEvent,
    Customer,
    ErasureRequest,
    Evidence,
    Filing,
    Handover,
    Impression,
    InboxMessage,
    Interaction,
    Note,
    Order,
    OutboxMessage,
    ProductAlert,
    ReturnRequest,
    Review,
    Survey,
    Tag,
    Turn,
    VerificationAttempt,
    VisitorSession,
    now,
)


def request_erasure(session: Session, customer_id: int, message_id: str | None = None) -> ErasureRequest:
    """Records "forget me" for the worker to carry out; repeated, or asked twice before it is done, it stays one request."""
    pending = select(ErasureRequest).where(ErasureRequest.customer_id == customer_id, ErasureRequest.done_at.is_(None))
    request = session.scalars(pending.limit(1)).one_or_none()
    if request is None and message_id is not None:
        request = session.scalars(select(ErasureRequest).where(ErasureRequest.message_id == message_id)).one_or_none()
    if request is None:
        request = ErasureRequest(customer_id=customer_id, message_id=message_id)
        session.add(request)
        session.flush()
    return request


def erase(session: Session, customer_id: int) -> None:
    """Forgets a customer: conversations with everything in them, interactions, evidence, cart, consent, cases, reviews, sessions, and the
    customer.

    Orders are kept for the accounts, without name, address, email and customer; impressions are kept as counts of nobody. Doing it
    twice does no harm. Pending requests are marked done; they hold nothing but a number.
    """
    orders = select(Order.id).where(Order.customer_id == customer_id)
    for order_id in session.scalars(orders).all():
        session.execute(update(ReturnRequest).where(ReturnRequest.order_id == order_id).values(reason=""))
        session.execute(delete(VerificationAttempt).where(VerificationAttempt.order_id == order_id))
    threads = select(Conversation.public_id).where(Conversation.customer_id == customer_id)
    session.execute(delete(VerificationAttempt).where(VerificationAttempt.conversation_id.in_(threads)), execution_options=_QUIET)
    nobody = {"customer_id": None, "email": "", "address": {}, "tracking_number": ""}
    session.execute(update(Order).where(Order.customer_id == customer_id).values(**nobody), execution_options=_QUIET)
    # The foreign keys delete what hangs on these two: inbox, outbox, turns, interactions, evidence, cart, consent, sessions, commands,
    # cases, reviews, alerts, codes.
    session.execute(delete(Conversation).where(Conversation.customer_id == customer_id), execution_options=_QUIET)
    session.execute(delete(Customer).where(Customer.id == customer_id), execution_options=_QUIET)
    mine = (ErasureRequest.customer_id == customer_id, ErasureRequest.done_at.is_(None))
    session.execute(update(ErasureRequest).where(*mine).values(done_at=now()), execution_options=_QUIET)
    session.expire_all()


def delete_turn(session: Session, turn_id: int) -> bool:
    """Deletes one turn: the message, its answer, its evidence, the searches it made. False when there is none.

    The conversation's dialogue state quotes the message, so it is dropped: the bot starts afresh there. Impressions stay, without the turn.
    """
    turn = session.get(Turn, turn_id)
    if turn is None:
        return False
    conversation = session.get_one(Conversation, turn.conversation_id)
    conversation.dialogue_state = None
    message_id = f"{conversation.public_id}:{turn.inbox_id}"
    said = Interaction.event_key.startswith(message_id + ":", autoescape=True)
    session.execute(delete(Interaction).where(Interaction.kind == "search", said), execution_options=_QUIET)
    session.flush()
    session.execute(
        delete(InboxMessage).where(InboxMessage.id == turn.inbox_id), execution_options=_QUIET
    )  # its turn and both sides' messages go with it
    session.expire_all()
    return True


def about_me(session: Session, customer_id: int) -> dict[str, Any]:
    """Everything stored about a customer: table name -> rows as dictionaries of plain values. Empty when the customer is unknown."""
    threads = select(Conversation.id).where(Conversation.customer_id == customer_id)
    public = select(Conversation.public_id).where(Conversation.customer_id == customer_id)
    orders = select(Order.id).where(Order.customer_id == customer_id)
    queries = {Customer: Customer.id == customer_id}
    for table in (
        AppliedCommand, CartCode, CartLine, Case, ConsentEvent, Conversation, ErasureRequest, Evidence, Impression, Interaction, Order,
        ProductAlert, Review, Turn,
    ):  # fmt: skip
        queries[table] = table.customer_id == customer_id
    queries |= {
        VisitorSession: VisitorSession.customer_id == customer_id,
        **{kind: kind.conversation_id.in_(threads) for kind in (ConversationEvent, Filing, Handover, Note, Survey, Tag)},
        InboxMessage: InboxMessage.conversation_id.in_(threads),
        OutboxMessage: OutboxMessage.conversation_id.in_(threads),
        ReturnRequest: ReturnRequest.order_id.in_(orders),
        VerificationAttempt: VerificationAttempt.conversation_id.in_(public),
    }
    rows = {table.__tablename__: [_plain(row) for row in session.scalars(select(table).where(mine))] for table, mine in queries.items()}
    for order, found in zip(rows["orders"], session.scalars(select(Order).where(Order.customer_id == customer_id)), strict=True):
        order["lines"] = [_plain(line) for line in found.lines]
    return {name: found for name, found in rows.items() if found}


_QUIET = {"synchronize_session": False}
_OMITTED = {"token_hash", "dialogue_state", "vector"}  # a credential, and two encodings of what stands in the other rows


def _plain(row: Base) -> dict[str, Any]:
    columns = inspect(type(row)).column_attrs
    values = {c.key: getattr(row, c.key) for c in columns if c.key not in _OMITTED}
    return {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in values.items()}
