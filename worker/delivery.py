"""Carries outbox messages to the channels that are pushed to: at least once, in each conversation strictly in order.

A message is claimed by moving its next attempt ahead by a lease, in a transaction of its own; a worker that dies while
sending leaves a message that becomes due again by itself. A message can therefore reach the platform twice, and carries
its outbox id so that the platform, where it can, drops the second.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import func, or_, select, update

from shop.models import Conversation, OutboxMessage, now
from shop.store import Store
from worker.jobs import backoff, describe

log = logging.getLogger("worker")

FETCHED_CHANNELS = ("web", "cli")  # their customers fetch messages themselves: written is delivered
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 12  # with the pauses below about a day
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 4 * 3600.0  # seconds
AT_ONCE = 20


class DeliveryRefused(Exception):
    """The platform will never take this message (unknown address, message not allowed): trying again is no use."""


class Deliver(Protocol):
    """Sends one message to an address of its channel, and returns when the platform has taken it. `key` is the same on every
    try of the same message. Raises DeliveryRefused when it never will be taken, anything else when it may be later."""

    def __call__(self, address: str, payload: Mapping[str, Any], *, key: str) -> None: ...


Channels = Mapping[str, Deliver]


@dataclass(frozen=True)
class Due:
    id: int
    channel: str
    address: str
    payload: Mapping[str, Any]
    attempts: int


def deliver_due(store: Store, channels: Channels) -> bool:
    """Sends what is due; True when something was."""
    written = count_fetched_as_delivered(store)
    due = claim(store, channels)
    for message in due:
        attempt(store, message, channels[message.channel])
    return written or bool(due)


def count_fetched_as_delivered(store: Store) -> bool:
    """Messages of fetched channels, and the customers' own echoes on every channel, need no sending."""
    unsent = (
        select(OutboxMessage.id)
        .join(Conversation, Conversation.id == OutboxMessage.conversation_id)
        .where(OutboxMessage.delivered_at.is_(None), or_(Conversation.channel.in_(FETCHED_CHANNELS), OutboxMessage.author == "customer"))
        .limit(500)
    )
    with store.read() as session:
        ids = session.scalars(unsent).all()
    if not ids:
        return False
    with store.write() as session:
        marked = update(OutboxMessage).where(OutboxMessage.id.in_(ids)).values(delivered_at=now(), next_attempt_at=None)
        session.execute(marked, execution_options={"synchronize_session": False})
    return True


def claim(store: Store, channels: Channels) -> list[Due]:
    """Takes the first undelivered message of up to AT_ONCE conversations, where it is due. A message that was given up
    (`next_attempt_at` is null) no longer holds up those behind it."""
    if not channels:
        return []
    firsts = (
        select(func.min(OutboxMessage.id))
        .join(Conversation, Conversation.id == OutboxMessage.conversation_id)
        .where(
            OutboxMessage.delivered_at.is_(None),
            OutboxMessage.next_attempt_at.is_not(None),
            OutboxMessage.author != "customer",
            Conversation.channel.in_(tuple(channels)),
        )
        .group_by(OutboxMessage.conversation_id)
    )
    due = (
        select(OutboxMessage, Conversation.channel, Conversation.address)
        .join(Conversation, Conversation.id == OutboxMessage.conversation_id)
        .where(OutboxMessage.id.in_(firsts), OutboxMessage.next_attempt_at <= now(), OutboxMessage.delivered_at.is_(None))
        .order_by(OutboxMessage.id)
        .limit(AT_ONCE)
    )
    with store.read() as session:
        if session.execute(due.limit(1)).first() is None:
            return []  # looked at without the write lock, which on SQLite everybody shares
    claimed = []
    with store.write() as session:
        for message, channel, address in session.execute(due.with_for_update(of=OutboxMessage, skip_locked=True)):
            message.attempts += 1
            message.next_attempt_at = now() + LEASE
            claimed.append(Due(message.id, channel, address, dict(message.payload), message.attempts))
    return claimed


def attempt(store: Store, message: Due, deliver: Deliver) -> None:
    """Sends one claimed message and records how that went."""
    try:
        deliver(message.address, message.payload, key=str(message.id))
    except DeliveryRefused as refusal:
        log.warning("message %s was refused by channel %s for good: %s", message.id, message.channel, describe(refusal))
        record(store, message.id, next_attempt_at=None)
    except Exception as error:
        last = message.attempts >= MAX_ATTEMPTS
        pause = timedelta(seconds=backoff(message.attempts, FIRST_PAUSE, LONGEST_PAUSE))
        outlook = "given up" if last else f"next try in {pause.total_seconds():.0f} s"
        log.warning(
            "message %s did not reach channel %s (try %s, %s): %s", message.id, message.channel, message.attempts, outlook, describe(error)
        )
        record(store, message.id, next_attempt_at=None if last else now() + pause)
    else:
        record(store, message.id, delivered_at=now(), next_attempt_at=None)


def record(store: Store, message_id: int, **values: Any) -> None:
    with store.write() as session:
        session.execute(update(OutboxMessage).where(OutboxMessage.id == message_id).values(**values))
