"""Finding conversations and what was said in them. Turns are written by the gateway."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import desk
from shop.models import Conversation, OutboxMessage
from shop.upsert import insert_or_skip


def open_conversation(session: Session, channel: str, address: str, customer_id: int) -> Conversation:
    """The conversation at that address of the channel, made if there is none. Of parallel calls one makes it, the others find it."""
    found = _at(session, channel, address)
    if found is not None:
        return found
    place = {"channel": channel, "address": address}
    insert_or_skip(session, Conversation, {**place, "customer_id": customer_id}, unique=tuple(place))
    return session.scalars(select(Conversation).filter_by(**place)).one()


def by_public_id(session: Session, public_id: str) -> Conversation | None:
    return session.scalars(select(Conversation).where(Conversation.public_id == public_id)).one_or_none()


def history(session: Session, conversation_id: int, after_id: int = 0, limit: int = 200) -> list[OutboxMessage]:
    """Messages of every author, oldest first, from the one after `after_id`."""
    query = select(OutboxMessage).where(OutboxMessage.conversation_id == conversation_id, OutboxMessage.id > after_id)
    return list(session.scalars(query.order_by(OutboxMessage.id).limit(limit)))


def request_person(session: Session, public_id: str, message_id: str = "", out_of_hours: bool = False) -> bool:
    """Puts the conversation into the queue for a person; False when there already is one, or a person has it. `message_id`: the message
    that asked, which is the last one the bot answers."""
    conversation = by_public_id(session, public_id)
    _, _, of_message = message_id.partition(":")
    inbox_id = of_message.partition(":")[0]  # the second wish of a message is "<public id>:<inbox id>:2"
    asked = int(inbox_id) if inbox_id.isdecimal() else None
    return conversation is not None and desk.ask_for_person(session, conversation.id, "asked", asked, out_of_hours)


def last_answer(session: Session, public_id: str) -> list[OutboxMessage]:
    """The bot's messages of the last turn it answered, oldest first; empty when it has not said anything."""
    said = select(OutboxMessage).join(Conversation, Conversation.id == OutboxMessage.conversation_id)
    said = said.where(Conversation.public_id == public_id, OutboxMessage.author == "bot")
    last = session.scalar(said.with_only_columns(OutboxMessage.inbox_id).order_by(OutboxMessage.id.desc()).limit(1))
    return list(session.scalars(said.where(OutboxMessage.inbox_id == last).order_by(OutboxMessage.id))) if last is not None else []


def _at(session: Session, channel: str, address: str) -> Conversation | None:
    return session.scalars(select(Conversation).where(Conversation.channel == channel, Conversation.address == address)).one_or_none()
