"""What customers do, and what that tells about them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import NEVER_REUSED, Base, Id, Json, Moment, now


class Interaction(Base):
    """Something a customer did with a product. `kind`: view, search, click, cart, purchase, rating, like, dislike."""

    __tablename__ = "interactions"
    __table_args__ = (
        Index(None, "customer_id", "at"),
        Index("ix_interactions_unprofiled", "id", sqlite_where=text("profiled_at IS NULL"), postgresql_where=text("profiled_at IS NULL")),
        NEVER_REUSED,
    )

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    value: Mapped[float | None]  # quantity of a purchase or cart change, stars of a rating
    query: Mapped[str | None] = mapped_column(String(300))  # of a search
    source: Mapped[str] = mapped_column(String(20))  # demo, import, web, chat
    event_key: Mapped[str | None] = mapped_column(String(120), unique=True)  # given by the sender; a repeat is ignored
    at: Mapped[Moment] = mapped_column(default=now)
    profiled_at: Mapped[Moment | None]


class Evidence(Base):
    """What one turn, one interaction or one survey says about a customer. The profile is a fold over these rows, so every fact has its
    provenance, and deleting a turn (which deletes its evidence) removes exactly what only it supported."""

    __tablename__ = "evidence"
    __table_args__ = (Index(None, "customer_id", "at"), NEVER_REUSED)

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    turn_id: Mapped[int | None] = mapped_column(ForeignKey("turns.id", ondelete="CASCADE"), unique=True)
    interaction_id: Mapped[int | None] = mapped_column(ForeignKey("interactions.id", ondelete="CASCADE"), unique=True)
    survey_id: Mapped[int | None] = mapped_column(ForeignKey("surveys.id", ondelete="CASCADE"), unique=True)
    at: Mapped[Moment] = mapped_column(default=now)
    signals: Mapped[list[dict[str, Any]]] = mapped_column(Json)  # {kind, key, weight}: see shop/profile.py
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)  # float16 embedding of what the customer asked for
