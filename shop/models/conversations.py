"""What was said: the inbox and outbox of the gateway, the turns, and what was shown in them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import NEVER_REUSED, Base, BigId, Document, Id, Json, Moment, now, public_id
from shop.sentiment import sentiment


class Conversation(Base):
    """A thread with one customer on one channel. `state`: bot, waiting (for a person), open (with an agent), resolved."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("channel", "address"),
        Index(None, "last_message_at", "id"),
        Index(None, "messages", "last_message_at"),
        NEVER_REUSED,
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(40), unique=True, default=public_id)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(200))  # where the channel delivers to; web: the visitor session's id
    state: Mapped[str] = mapped_column(String(20), default="bot")
    # Opaque to all but Rasa: the tracker after the last committed turn. It is committed with that turn, so the two never disagree.
    dialogue_state: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[Moment] = mapped_column(default=now)
    last_message_at: Mapped[Moment] = mapped_column(default=now)
    messages: Mapped[int] = mapped_column(default=0, server_default="0")  # rows in outbox; kept by triggers


class InboxMessage(Base):
    """A customer's message, committed before it is acknowledged. `state`: pending, done."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("conversation_id", "client_message_id"),
        Index(
            "ix_inbox_pending", "conversation_id", "id", sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'")
        ),
        NEVER_REUSED,
    )

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    client_message_id: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    command: Mapped[dict[str, Any] | None] = mapped_column(Json)  # a pressed card button, checked by the gateway
    state: Mapped[str] = mapped_column(String(10), default="pending")
    received_at: Mapped[Moment] = mapped_column(default=now)


class Turn(Base):
    """One message answered: what was understood, done and said."""

    __tablename__ = "turns"
    __table_args__ = (
        Index("ix_turns_unprofiled", "id", sqlite_where=text("profiled_at IS NULL"), postgresql_where=text("profiled_at IS NULL")),
        Index(None, "conversation_id", "id"),
        Index(None, "customer_id", "at"),
        Index(None, "confidence", "conversation_id"),
        Index(None, "sentiment", "conversation_id"),
        Index(None, "at", "intent"),
        NEVER_REUSED,
    )

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id", ondelete="CASCADE"), unique=True)
    channel: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    intent: Mapped[str] = mapped_column(String(80), default="")
    confidence: Mapped[float] = mapped_column(default=0.0)
    intent_ranking: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    entities: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    slots: Mapped[Document] = mapped_column(default=dict)  # the set ones, after the turn
    actions: Mapped[list[str]] = mapped_column(Json, default=list)
    timings: Mapped[Document] = mapped_column(default=dict)  # milliseconds: queue, parse, actions, rasa, total
    # -1 to 1, of the text: written here because reviewers search by it, whatever the customer's profile may remember.
    sentiment: Mapped[float | None] = mapped_column(default=lambda context: sentiment(context.get_current_parameters()["text"]))
    error: Mapped[str] = mapped_column(String(200), default="")  # why an apology was given instead of an answer
    at: Mapped[Moment] = mapped_column(default=now)
    # Set in the transaction that writes the turn's evidence. A mark on the row rather than a "last id seen": on PostgreSQL
    # ids become visible out of order, and a cursor would step over a turn that commits late.
    profiled_at: Mapped[Moment | None]


class OutboxMessage(Base):
    """A message for the customer. Its id is the event id of the server-sent stream. `author`: customer, bot, agent, system.

    The customer's own messages stand here too, so that the outbox in id order is the history every device shows.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(None, "conversation_id", "id"),
        Index(
            "ix_outbox_undelivered",
            "next_attempt_at",
            sqlite_where=text("delivered_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL"),
        ),
        NEVER_REUSED,
    )

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), index=True)
    inbox_id: Mapped[int | None] = mapped_column(ForeignKey("inbox.id", ondelete="CASCADE"), index=True)
    author: Mapped[str] = mapped_column(String(10), default="bot")
    payload: Mapped[Document]  # text, products, quick_replies, cart, order: see bot/gateway/messages.py
    at: Mapped[Moment] = mapped_column(default=now)
    # Delivery to channels that are pushed to; web messages are fetched by the browser and count as delivered when written.
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[Moment | None] = mapped_column(default=now)
    delivered_at: Mapped[Moment | None]


class Rating(Base):
    """The customer's thumb about a message of the bot: the last one counts."""

    __tablename__ = "ratings"
    __table_args__ = (Index(None, "at"),)

    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    up: Mapped[bool]
    at: Mapped[Moment] = mapped_column(default=now)


class Impression(Base):
    """One product shown at one position, with why it was chosen and how likely it was to be chosen."""

    __tablename__ = "impressions"
    __table_args__ = (Index(None, "customer_id", "at"), NEVER_REUSED)

    id: Mapped[Id]
    list_id: Mapped[str] = mapped_column(String(40), index=True)
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turns.id", ondelete="SET NULL"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="SET NULL"))
    product_id: Mapped[int] = mapped_column(BigId, ForeignKey("products.id", ondelete="CASCADE"), index=True)
    surface: Mapped[str] = mapped_column(String(40))  # chat_search, chat_recommend, page_home...
    position: Mapped[int]  # 1 is first
    score: Mapped[float]
    contributions: Mapped[Document] = mapped_column(default=dict)  # scorer -> its share of the score
    reason: Mapped[str] = mapped_column(String(300), default="")
    propensity: Mapped[float]  # probability of this item at this position under the policy that chose
    at: Mapped[Moment] = mapped_column(default=now)
