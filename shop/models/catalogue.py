"""What the shop sells."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import NEVER_REUSED, Base, Id, Json, Minor, Moment, now


class Product(Base):
    """One sellable unit. The variants of one article (sizes, colours) are products that share `group_key`."""

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("price_minor >= 0", "price_not_negative"),
        CheckConstraint("stock >= 0", "stock_not_negative"),
        Index(None, "group_key"),
        Index(None, "category_path"),
        Index("ix_products_version", "updated_at", "price_minor", "stock", "active"),  # covers catalogue_version
        NEVER_REUSED,
    )

    id: Mapped[Id]
    sku: Mapped[str] = mapped_column(String(120), unique=True)
    group_key: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(300))
    description: Mapped[str] = mapped_column(Text, default="")  # plain text; markup is removed on import
    brand: Mapped[str] = mapped_column(String(120), default="")
    category_path: Mapped[str] = mapped_column(String(300), default="")  # "Home > Lighting > Candles"
    price_minor: Mapped[Minor]  # in the currency's minor unit
    currency: Mapped[str] = mapped_column(String(3))
    cost_minor: Mapped[int | None] = mapped_column(BigInteger)  # what the shop pays for one; None: not known
    stock: Mapped[int] = mapped_column(default=0)
    colour: Mapped[str] = mapped_column(String(60), default="")
    size: Mapped[str] = mapped_column(String(60), default="")
    material: Mapped[str] = mapped_column(String(120), default="")
    image_url: Mapped[str] = mapped_column(String(1000), default="")
    tags: Mapped[list[str]] = mapped_column(Json, default=list)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Moment] = mapped_column(default=now)
    updated_at: Mapped[Moment] = mapped_column(default=now, onupdate=now)
