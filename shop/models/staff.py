"""Who works in the console, and what they did there."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import NEVER_REUSED, Base, BigId, Document, Id, Moment, now


class Staff(Base):
    """A colleague. `role`: agent, supervisor, marketer, developer, admin."""

    __tablename__ = "staff"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(320), unique=True)  # lower-cased
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    team: Mapped[str] = mapped_column(String(60), default="")  # chats can be passed to a team
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str] = mapped_column(String(200))  # argon2id, with its parameters
    totp_secret: Mapped[str] = mapped_column(String(64), default="")  # empty: no second factor
    totp_last: Mapped[int] = mapped_column(BigId, default=0)  # the time step of the last code used: none counts twice
    preferences: Mapped[Document] = mapped_column(default=dict)  # sound, badge
    created_at: Mapped[Moment] = mapped_column(default=now)


class StaffSession(Base):
    """A signed-in browser of a colleague. The cookie holds a random token; only its SHA-256 is stored. Deleting the row signs it out."""

    __tablename__ = "staff_sessions"

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))  # every form of this session carries it
    confirmed: Mapped[bool] = mapped_column(default=True)  # False between the password and the second factor
    browser: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[Moment] = mapped_column(default=now)
    last_seen_at: Mapped[Moment] = mapped_column(default=now)
    expires_at: Mapped[Moment]


class AuditEntry(Base):
    """Something a colleague did. It names things by their ids and holds no words of customers, so it may outlive them."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "at"), Index(None, "subject", "subject_id"), NEVER_REUSED)

    id: Mapped[Id]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"), index=True)
    staff_name: Mapped[str] = mapped_column(String(120), default="")  # as it was then
    action: Mapped[str] = mapped_column(String(60))  # chat.take, order.cancel, staff.role ...
    subject: Mapped[str] = mapped_column(String(40), default="")  # conversation, order, staff ...
    subject_id: Mapped[str] = mapped_column(String(60), default="")
    details: Mapped[Document] = mapped_column(default=dict)
    address: Mapped[str] = mapped_column(String(60), default="")  # where the request came from
    at: Mapped[Moment] = mapped_column(default=now)


class CannedReply(Base):
    """A ready answer with placeholders such as {customer} or {order}. `shortcut` is typed after a slash."""

    __tablename__ = "canned_replies"
    __table_args__ = (UniqueConstraint("shortcut"), NEVER_REUSED)

    id: Mapped[Id]
    shortcut: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(String(2000))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"), index=True)  # who wrote it
    updated_at: Mapped[Moment] = mapped_column(default=now, onupdate=now)
