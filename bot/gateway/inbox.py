"""The durable inbox: a message is stored before it is acknowledged, once, and taken out in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from bot.gateway import outbox, texts
from bot.gateway.messages import Sent
from shop import desk
from shop.models import Conversation, Customer, Filing, InboxMessage, Turn, VisitorSession, now
from shop.upsert import insert_or_skip

MANY_RETRIES = 200
# Statements that run with every message are built once and go past the ORM.
_INBOX, _CONVERSATIONS, _SESSIONS, _FILINGS = (kind.__table__ for kind in (InboxMessage, Conversation, VisitorSession, Filing))
_WAITING = (
    select(
        *(_INBOX.c[name] for name in ("id", "text", "command", "received_at")),
        *(_CONVERSATIONS.c[name] for name in ("public_id", "customer_id", "channel", "address", "dialogue_state")),
        _CONVERSATIONS.c.state.label("with_whom"),
        _FILINGS.c.slots,
    )
    .join_from(_INBOX, _CONVERSATIONS)
    .outerjoin(_FILINGS, _FILINGS.c.conversation_id == _CONVERSATIONS.c.id)
    .where(_INBOX.c.conversation_id == bindparam("conversation"), _INBOX.c.state == "pending")
    .order_by(_INBOX.c.id)
    .limit(2)
)
_SIGNED_IN = select(_SESSIONS.c.signed_in).where(_SESSIONS.c.id == bindparam("visitor"))
_FINISH = update(_INBOX).where(_INBOX.c.id == bindparam("message")).values(state="done")


@dataclass(frozen=True)
class Work:
    """A message waiting for its answer, with all that Rasa needs to know. `key_id`: the inbox id that names the customer's wish; that of
    an earlier message when this one says "try again", so that what the earlier one did change is not done twice."""

    inbox_id: int
    key_id: int
    conversation_id: int
    public_id: str
    customer_id: int
    signed_in: bool
    channel: str
    text: str
    command: dict[str, Any] | None
    state: str | None
    received_at: datetime
    more: bool  # whether others wait behind it
    silent: bool = False  # a person has the conversation, or is being waited for: the bot does not answer
    slots: dict[str, Any] | None = None  # what an agent told the bot when handing back

    @property
    def message_id(self) -> str:
        return f"{self.public_id}:{self.key_id}"


def accept(session: Session, conversation_id: int, sent: Sent, command: dict[str, Any] | None) -> tuple[int, bool]:
    """Stores the message and its echo. Returns the inbox id and whether it is new: a repeat changes nothing."""
    at = now()
    row = {
        "conversation_id": conversation_id, "client_message_id": sent.client_message_id, "text": sent.text, "command": command,
        "state": "pending", "received_at": at,
    }  # fmt: skip
    inbox_id = insert_or_skip(session, InboxMessage, row, unique=("conversation_id", "client_message_id"))
    if inbox_id is None:
        return find(session, conversation_id, sent.client_message_id), False
    echo = {"text": sent.text, "client_message_id": sent.client_message_id}
    outbox.append(session, conversation_id, [echo], author="customer", inbox_id=inbox_id, at=at)
    return inbox_id, True


def find(session: Session, conversation_id: int, client_message_id: str) -> int | None:
    same = (InboxMessage.conversation_id == conversation_id, InboxMessage.client_message_id == client_message_id)
    return session.scalar(select(InboxMessage.id).where(*same))


def waiting(session: Session) -> list[int]:
    """The conversations that have unanswered messages, the longest waiting first."""
    pending = select(InboxMessage.conversation_id).where(InboxMessage.state == "pending").order_by(InboxMessage.id)
    return list(dict.fromkeys(session.scalars(pending)))


def next_work(session: Session, conversation_id: int) -> Work | None:
    """The conversation's oldest unanswered message."""
    found = session.connection().execute(_WAITING, {"conversation": conversation_id}).all()
    if not found:
        return None
    first = found[0]
    key_id, text, command = _wish(session, conversation_id, first)
    return Work(
        inbox_id=first.id, key_id=key_id, conversation_id=conversation_id, public_id=first.public_id, customer_id=first.customer_id,
        signed_in=_signed_in(session, first), channel=first.channel, text=text, command=command,
        state=first.dialogue_state.decode() if first.dialogue_state else None, received_at=first.received_at, more=len(found) > 1,
        silent=_silent(session, conversation_id, first), slots=first.slots or None,
    )  # fmt: skip


def _silent(session: Session, conversation_id: int, message: Row) -> bool:
    """The message that asked for a person is still answered, should the answer have got lost; later ones are not."""
    if message.with_whom not in ("waiting", "open"):
        return False
    handover = desk.running(session, conversation_id)
    return handover is None or handover.inbox_id != message.id


def finish(session: Session, inbox_id: int) -> None:
    session.connection().execute(_FINISH, {"message": inbox_id})


def _wish(session: Session, conversation_id: int, message: Row) -> tuple[int, str, dict[str, Any] | None]:
    """What the customer wants: the message itself or, after a failed turn, the failed message that "try again" means."""
    if _is_retry(message):
        earlier = select(Turn.error, InboxMessage).join(InboxMessage, InboxMessage.id == Turn.inbox_id)
        here = earlier.where(Turn.conversation_id == conversation_id, Turn.inbox_id < message.id)
        for error, failed in session.execute(here.order_by(Turn.inbox_id.desc()).limit(MANY_RETRIES)):
            if not error:
                break
            if not _is_retry(failed):
                return failed.id, failed.text, failed.command
    return message.id, message.text, message.command


def _is_retry(message: Row | InboxMessage) -> bool:
    return message.command is None and message.text.casefold() == texts.TRY_AGAIN.casefold()


def _signed_in(session: Session, message: Row) -> bool:
    if message.channel == "web":
        return bool(session.connection().execute(_SIGNED_IN, {"visitor": int(message.address)}).scalar())
    return message.channel == "cli" and not session.get_one(Customer, message.customer_id).is_guest
