"""The merchant's rules over recommendations: made, ended, and those that hold at a moment."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from shop.models import MerchandisingRule, Product, now

KINDS = ("pin", "hide", "boost", "again")
FIELDS = ("sku", "category", "brand", "colour", "material", "tags")


def add(
    session: Session,
    kind: str,
    field: str,
    value: str,
    weight: float = 0.0,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    note: str = "",
) -> MerchandisingRule:
    """Raises ValueError, in words for the merchant, for what would have no effect or an unlimited one."""
    value = value.strip()
    if kind not in KINDS or field not in FIELDS:
        raise ValueError(f"a rule is one of {', '.join(KINDS)}, about one of {', '.join(FIELDS)}")
    if not value:
        raise ValueError(f"say which {field} the rule is about")
    if kind == "boost" and not (-1 <= weight <= 1 and weight):
        raise ValueError("a boost is a share of the best product's score: between -1 and 1, and not 0")
    if starts_at and ends_at and ends_at <= starts_at:
        raise ValueError("the rule ends before it starts")
    if field == "sku" and session.scalar(select(Product.id).where(Product.sku == value)) is None:
        raise ValueError(f"there is no product {value!r}")
    rule = MerchandisingRule(
        kind=kind, field=field, value=value, weight=weight if kind == "boost" else 0.0, starts_at=starts_at, ends_at=ends_at, note=note
    )
    session.add(rule)
    session.flush()
    return rule


def remove(session: Session, rule_id: int) -> bool:
    """False when there is no such rule."""
    rule = session.get(MerchandisingRule, rule_id)
    if rule is not None:
        session.delete(rule)
    return rule is not None


def rules(session: Session) -> list[MerchandisingRule]:
    """All of them, in the order in which they were made."""
    return list(session.scalars(select(MerchandisingRule).order_by(MerchandisingRule.id)))


def active(session: Session, at: datetime | None = None) -> list[MerchandisingRule]:
    """Those that hold at `at` (None: now), in the order in which they were made."""
    at = at or now()
    rule = MerchandisingRule
    started, lasts = or_(rule.starts_at.is_(None), rule.starts_at <= at), or_(rule.ends_at.is_(None), rule.ends_at > at)
    return list(session.scalars(select(rule).where(started, lasts).order_by(rule.id)))
