"""Who is served, how they are recognised, and what they agreed to."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import NEVER_REUSED, Base, BigId, Document, Id, Moment, now, public_id


class Customer(Base):
    """A person: a guest (known only by a browser session or a channel address) or known by the shop (`external_id` or `email`)."""

    __tablename__ = "customers"

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(40), unique=True, default=public_id)
    external_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    email: Mapped[str | None] = mapped_column(String(320), unique=True)  # lower-cased
    name: Mapped[str] = mapped_column(String(200), default="")
    country: Mapped[str] = mapped_column(String(100), default="")
    address: Mapped[Document] = mapped_column(default=dict)  # name, line1, line2, city, postcode, country
    created_at: Mapped[Moment] = mapped_column(default=now)

    @property
    def is_guest(self) -> bool:
        return self.external_id is None and self.email is None


class VisitorSession(Base):
    """A browser. The cookie holds a random token; only its SHA-256 is stored."""

    __tablename__ = "visitor_sessions"

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)
    signed_in: Mapped[bool] = mapped_column(default=False)  # by the host shop's signed token
    created_at: Mapped[Moment] = mapped_column(default=now)
    last_seen_at: Mapped[Moment] = mapped_column(default=now)
    expires_at: Mapped[Moment]


class ConsentEvent(Base):
    """One statement of consent; the newest per purpose counts. Purposes: personalisation, marketing."""

    __tablename__ = "consent_events"
    __table_args__ = (Index(None, "customer_id", "purpose"), NEVER_REUSED)

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(40))
    granted: Mapped[bool]
    source: Mapped[str] = mapped_column(String(40))  # chat, page, import
    message_id: Mapped[str | None] = mapped_column(String(120))  # the chat message that said so
    at: Mapped[Moment] = mapped_column(default=now)


class VerificationAttempt(Base):
    """A try at naming an order and its email. Counted to stop guessing; a success grants the conversation that order."""

    __tablename__ = "verification_attempts"
    __table_args__ = (Index(None, "conversation_id", "at"), Index(None, "order_number", "at"), NEVER_REUSED)

    id: Mapped[Id]
    conversation_id: Mapped[str] = mapped_column(String(40))  # the conversation's public id
    order_number: Mapped[str] = mapped_column(String(40))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    granted: Mapped[bool]
    message_id: Mapped[str] = mapped_column(String(120), unique=True)  # a repeated delivery is no second try
    at: Mapped[Moment] = mapped_column(default=now)


class ErasureRequest(Base):
    """A customer's "forget me", carried out by the worker."""

    __tablename__ = "erasure_requests"

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(BigId, index=True)  # no foreign key: the row outlives the customer as proof
    message_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    requested_at: Mapped[Moment] = mapped_column(default=now)
    done_at: Mapped[Moment | None]
