"""What customers report and what they say of what they bought."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import NEVER_REUSED, Base, Id, Moment, now


class Case(Base):
    """Something a person has to look into. `kind`: see `shop.cases.KINDS`; `state`: open, resolved."""

    __tablename__ = "cases"
    __table_args__ = (Index(None, "state", "opened_at"), NEVER_REUSED)

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(40), unique=True)  # random, e.g. CS-7Q2M-X9KD
    kind: Mapped[str] = mapped_column(String(30))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"), index=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="SET NULL"), index=True)
    text: Mapped[str] = mapped_column(Text, default="")  # in the customer's own words
    state: Mapped[str] = mapped_column(String(10), default="open")
    opened_at: Mapped[Moment] = mapped_column(default=now)
    resolved_at: Mapped[Moment | None]


class Review(Base):
    """Stars and words about a product by somebody who bought it; of several by one customer the newest counts."""

    __tablename__ = "reviews"
    __table_args__ = (CheckConstraint("rating BETWEEN 1 AND 5", "rating_in_stars"), NEVER_REUSED)

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="SET NULL"), index=True)
    rating: Mapped[int]
    text: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[Moment] = mapped_column(default=now)
