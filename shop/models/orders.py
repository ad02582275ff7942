"""Carts, orders, and what comes back."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.base import NEVER_REUSED, Base, Document, Id, Minor, Moment, now


class CartLine(Base):
    """A product in a customer's cart; the cart is the customer's lines."""

    __tablename__ = "cart_lines"
    __table_args__ = (UniqueConstraint("customer_id", "product_id"), CheckConstraint("quantity > 0", "quantity_positive"), NEVER_REUSED)

    id: Mapped[Id]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    quantity: Mapped[int]
    added_at: Mapped[Moment] = mapped_column(default=now)


class Order(Base):
    """`status`: processing, shipped, delivered, returned, refunded, cancelled. Late is not a status: it is `expected_at` in the past."""

    __tablename__ = "orders"
    __table_args__ = (Index(None, "customer_id", "placed_at"), NEVER_REUSED)

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(40), unique=True)  # random, e.g. SK-7Q2M-X9KD
    external_id: Mapped[str | None] = mapped_column(String(120), unique=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="SET NULL"))
    email: Mapped[str] = mapped_column(String(320), default="")  # lower-cased
    status: Mapped[str] = mapped_column(String(20), default="processing", index=True)
    currency: Mapped[str] = mapped_column(String(3))
    subtotal_minor: Mapped[Minor]
    shipping_minor: Mapped[Minor] = mapped_column(default=0)
    total_minor: Mapped[Minor]
    address: Mapped[Document] = mapped_column(default=dict)
    delivery: Mapped[str] = mapped_column(String(20), default="standard")  # an option of shop/delivery.py
    carrier: Mapped[str] = mapped_column(String(60), default="")
    tracking_number: Mapped[str] = mapped_column(String(60), default="")
    placed_at: Mapped[Moment] = mapped_column(default=now)
    expected_at: Mapped[Moment | None]
    shipped_at: Mapped[Moment | None]
    delivered_at: Mapped[Moment | None]
    cancelled_at: Mapped[Moment | None]

    lines: Mapped[list[OrderLine]] = relationship(order_by="OrderLine.id", cascade="all, delete-orphan", passive_deletes=True)


class OrderLine(Base):
    """A product as it was bought: a later change of title or price does not touch it."""

    __tablename__ = "order_lines"
    __table_args__ = (CheckConstraint("quantity > 0", "quantity_positive"), NEVER_REUSED)

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(String(300))
    quantity: Mapped[int]
    unit_price_minor: Mapped[Minor]


class ReturnRequest(Base):
    """A return of some of an order's lines. `status`: requested, received, refunded, rejected."""

    __tablename__ = "returns"

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(40), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    lines: Mapped[Document]  # order line id (as text) -> quantity
    reason: Mapped[str] = mapped_column(String(500), default="")
    status: Mapped[str] = mapped_column(String(20), default="requested")
    refund_minor: Mapped[Minor]
    requested_at: Mapped[Moment] = mapped_column(default=now)
    refunded_at: Mapped[Moment | None]


class AppliedCommand(Base):
    """A change that was made, under its idempotency key. Inserted in the change's own transaction: the UNIQUE key, not a
    look before the leap, is what makes a second delivery harmless."""

    __tablename__ = "applied_commands"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)
    result: Mapped[Document]
    at: Mapped[Moment] = mapped_column(default=now)
