"""Conversations as the gateway would have stored them, without a gateway."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from shop.models import Conversation, Customer, InboxMessage, OutboxMessage, Turn
from shop.numbers import new_number


def thread(session: Session, customer: Customer, address: str = "1", **columns: Any) -> Conversation:
    made = Conversation(**{"channel": "web", "address": address, "customer_id": customer.id} | columns)
    session.add(made)
    session.flush()
    return made


def exchange(session: Session, chat: Conversation, text: str, intent: str, answer: dict[str, Any] | None = None, **columns: Any) -> Turn:
    """A customer's message with its turn, and the bot's answer when there is one. `columns`: of the turn."""
    inbox = InboxMessage(conversation_id=chat.id, client_message_id=new_number("M"), text=text, state="done")
    session.add(inbox)
    session.flush()
    about = {"conversation_id": chat.id, "customer_id": chat.customer_id, "inbox_id": inbox.id, "channel": chat.channel}
    turn = Turn(**about, text=text, intent=intent, **{"confidence": 0.9} | columns)
    session.add(turn)
    session.add(OutboxMessage(conversation_id=chat.id, inbox_id=inbox.id, author="customer", payload={"text": text}, at=turn.at))
    session.flush()
    if answer is not None:
        session.add(OutboxMessage(conversation_id=chat.id, inbox_id=inbox.id, turn_id=turn.id, payload=answer, at=turn.at))
        session.flush()
    return turn
