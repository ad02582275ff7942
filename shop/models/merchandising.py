"""What the merchant decides over what the recommender shows."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import NEVER_REUSED, Base, Id, Moment, now


class MerchandisingRule(Base):
    """One decision about the products whose `field` has the `value`. `kind`: pin, hide, boost (by `weight`, a share of the best
    product's score), again (may be recommended although bought). It holds from `starts_at` until `ends_at`, when they are given."""

    __tablename__ = "merchandising_rules"
    __table_args__ = (CheckConstraint("kind IN ('pin', 'hide', 'boost', 'again')", "known_kind"), NEVER_REUSED)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(10))
    field: Mapped[str] = mapped_column(String(20))  # sku, category, brand, colour, material, tags
    value: Mapped[str] = mapped_column(String(300))
    weight: Mapped[float] = mapped_column(default=0.0)
    starts_at: Mapped[Moment | None]
    ends_at: Mapped[Moment | None]
    note: Mapped[str] = mapped_column(String(300), default="")  # why, for colleagues
    created_at: Mapped[Moment] = mapped_column(default=now)
