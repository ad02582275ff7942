"""What people do with a conversation: who has it, why, what they noted, how the customer found it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import NEVER_REUSED, Base, BigId, Document, Id, Json, Moment, now

_RUNNING = text("ended_at IS NULL")


class Handover(Base):
    """One stay of a conversation with people, from the wish for a person to its end. A conversation has at most one that is running.

    `reason`: asked, fallbacks, sentiment, vip, words, agent (who took it unasked), reopened. `outcome`: resolved, bot (handed back),
    withdrawn (the customer went on with the bot).
    """

    __tablename__ = "handovers"
    __table_args__ = (
        Index("ix_handovers_running", "conversation_id", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
        Index(None, "conversation_id", "id"),
        Index(None, "requested_at"),
        NEVER_REUSED,
    )

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(20))
    inbox_id: Mapped[int | None] = mapped_column(BigId)  # the message that asked: the bot still answers it
    out_of_hours: Mapped[bool] = mapped_column(default=False)
    requested_at: Mapped[Moment] = mapped_column(default=now)
    claimed_at: Mapped[Moment | None]  # by the first who took it
    first_reply_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    outcome: Mapped[str] = mapped_column(String(20), default="")
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"), index=True)  # who had it last


class Claim(Base):
    """Who has the chat. The primary key, not a look before the leap, keeps two from taking the same one. A claim that nobody renews
    goes stale at `expires_at`."""

    __tablename__ = "claims"
    __table_args__ = (Index(None, "expires_at"),)

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    claimed_at: Mapped[Moment] = mapped_column(default=now)
    expires_at: Mapped[Moment]


class Filing(Base):
    """How a conversation is filed; made with the first mark. `slots`: what an agent tells the bot when handing back, until it is used."""

    __tablename__ = "filings"

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    flagged: Mapped[bool] = mapped_column(default=False)
    team: Mapped[str] = mapped_column(String(60), default="")  # meant for this team
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"), index=True)
    reviewed_at: Mapped[Moment | None]
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    slots: Mapped[Document] = mapped_column(default=dict)


class ConversationEvent(Base):
    """A step in a conversation's life that is no message, shown between the messages. Its ids are the console's feed of changes.

    `kind`: waiting, claimed, released, expired, transferred, returned, resolved, withdrawn, tagged, untagged, flagged, unflagged,
    assigned, noted, reviewed, surveyed.
    """

    __tablename__ = "conversation_events"
    __table_args__ = (Index(None, "conversation_id", "id"), NEVER_REUSED)

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"), index=True)
    details: Mapped[Document] = mapped_column(default=dict)
    at: Mapped[Moment] = mapped_column(default=now)


class Note(Base):
    """What colleagues tell each other about a conversation; the customer does not see it."""

    __tablename__ = "notes"
    __table_args__ = (Index(None, "conversation_id", "id"), NEVER_REUSED)

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"), index=True)
    text: Mapped[str] = mapped_column(Text)
    mentions: Mapped[list[int]] = mapped_column(Json, default=list)  # ids of colleagues
    at: Mapped[Moment] = mapped_column(default=now)


class Tag(Base):
    """One tag of one conversation."""

    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("conversation_id", "tag"), Index(None, "tag"), NEVER_REUSED)

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    tag: Mapped[str] = mapped_column(String(40))  # lower-cased
    at: Mapped[Moment] = mapped_column(default=now)


class Place(Base):
    """A colleague's own relation to a conversation: read up to which message, looked at last when, and saved for later or not."""

    __tablename__ = "places"
    __table_args__ = (UniqueConstraint("staff_id", "conversation_id"), NEVER_REUSED)

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    read_up_to: Mapped[int] = mapped_column(BigId, default=0)  # an outbox id
    seen_at: Mapped[Moment | None]
    saved: Mapped[bool] = mapped_column(default=False)


class Survey(Base):
    """How satisfied a customer was: asked after a resolution, answered once, perhaps never. `score`: 1 (worst) to `scale`."""

    __tablename__ = "surveys"
    __table_args__ = (Index(None, "conversation_id", "id"), NEVER_REUSED)

    id: Mapped[Id]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    handover_id: Mapped[int] = mapped_column(ForeignKey("handovers.id", ondelete="CASCADE"), unique=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"), index=True)
    question: Mapped[str] = mapped_column(String(300))
    scale: Mapped[int]
    score: Mapped[int | None]
    comment: Mapped[str] = mapped_column(String(1000), default="")
    asked_at: Mapped[Moment] = mapped_column(default=now)
    answered_at: Mapped[Moment | None]
