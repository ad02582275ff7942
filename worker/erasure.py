"""Carries out customers' "forget me"."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from shop import privacy, transcripts_index
from shop.models import Conversation, ErasureRequest, InboxMessage, now
from shop.store import Store

log = logging.getLogger("worker")

READING_TIME = timedelta(seconds=3)  # between the request and its execution, so that the browser has fetched the confirmation
LONGEST_WAIT = timedelta(minutes=10)  # for the turn that asked for it; then it is carried out whatever became of the turn


def erase_requested(store: Store) -> bool:
    """Carries out one request whose turn is committed; True when there was one. Before that the gateway would write the turn
    (and the message in it) behind the erasure's back."""
    with store.read() as session:
        due = [request.id for request in pending(session) if is_due(session, request)]
    if not due:
        return False
    with store.write() as session:
        request = session.get(ErasureRequest, due[0], with_for_update={"skip_locked": True})
        if request is not None and request.done_at is None:
            privacy.erase(session, request.customer_id)
            log.info("erasure request %s carried out", due[0])
    transcripts_index.merge(store)
    return True


def pending(session: Session) -> list[ErasureRequest]:
    return list(session.scalars(select(ErasureRequest).where(ErasureRequest.done_at.is_(None)).order_by(ErasureRequest.id).limit(100)))


def is_due(session: Session, request: ErasureRequest) -> bool:
    age = now() - request.requested_at
    if age >= LONGEST_WAIT:
        return True
    return age >= READING_TIME and not is_being_answered(session, request)


def is_being_answered(session: Session, request: ErasureRequest) -> bool:
    """Whether any message of the customer, the asking one among them, still waits for its turn."""
    waiting = (
        select(InboxMessage.id)
        .join(Conversation, Conversation.id == InboxMessage.conversation_id)
        .where(Conversation.customer_id == request.customer_id, InboxMessage.state == "pending")
    )
    return bool(session.scalar(select(exists(waiting))))
