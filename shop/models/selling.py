"""What sells: wishes to be told of a product, and codes that lower prices."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import NEVER_REUSED, Base, Id, Minor, Moment, now


class ProductAlert(Base):
    """A customer's wish to be told when a product is back (`kind` back) or costs less than `below_minor` (`kind` cheaper). It is open until
    `told_at` or `ended_at`."""

    __tablename__ = "product_alerts"
    __table_args__ = (
        CheckConstraint("kind IN ('back', 'cheaper')", "kind_known"),
        Index(
            "uq_product_alerts_open",
            "customer_id",
            "product_id",
            "kind",
            unique=True,
            sqlite_where=text("told_at IS NULL AND ended_at IS NULL"),
            postgresql_where=text("told_at IS NULL AND ended_at IS NULL"),
        ),
        NEVER_REUSED,
    )

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    below_minor: Mapped[Minor | None]
    asked_at: Mapped[Moment] = mapped_column(default=now)
    told_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]


class Promotion(Base):
    """A code that takes `percent` off every price of a cart that comes to `minimum_minor` or more. Customers type `code` in any case."""

    __tablename__ = "promotions"
    __table_args__ = (CheckConstraint("percent BETWEEN 1 AND 90", "percent_sane"), NEVER_REUSED)

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(40), unique=True)  # upper case
    percent: Mapped[int]
    minimum_minor: Mapped[Minor] = mapped_column(default=0)
    starts_at: Mapped[Moment] = mapped_column(default=now)
    ends_at: Mapped[Moment | None]
    public: Mapped[bool] = mapped_column(default=False)  # whether the bot tells it to whoever asks for offers


class CartCode(Base):
    """The code on a customer's cart."""

    __tablename__ = "cart_codes"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    promotion_id: Mapped[int] = mapped_column(ForeignKey("promotions.id", ondelete="CASCADE"), index=True)
