"""What an importer hands over: clean rows under their natural keys, not yet in the store.

None means that the file does not say: a new row gets the default, a known one keeps what it has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple


@dataclass(slots=True)
class StagedProduct:
    line: int
    sku: str
    title: str
    price_minor: int
    currency: str
    group_key: str | None = None
    description: str | None = None
    brand: str | None = None
    category_path: str | None = None
    stock: int | None = None
    colour: str | None = None
    size: str | None = None
    material: str | None = None
    image_url: str | None = None
    tags: list[str] | None = None
    active: bool | None = None
    created_at: datetime | None = None


@dataclass(slots=True)
class StagedCustomer:
    """Known by `external_id` or `email`, at least one of which is set. `marketing` is a consent the file states."""

    line: int
    external_id: str | None = None
    email: str | None = None
    name: str | None = None
    country: str | None = None
    address: dict[str, Any] | None = None
    created_at: datetime | None = None
    marketing: bool | None = None


class StagedLine(NamedTuple):
    sku: str
    title: str
    quantity: int
    unit_price_minor: int


@dataclass(slots=True)
class StagedOrder:
    """`customer`: the external id of a customer, or an email; None for an anonymous order, which is kept for what was bought together."""

    line: int
    external_id: str
    placed_at: datetime
    currency: str
    lines: list[StagedLine]
    customer: str | None = None
    email: str | None = None
    status: str = "delivered"
    shipping_minor: int = 0
    total_minor: int | None = None
    address: dict[str, Any] | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(slots=True)
class StagedInteraction:
    line: int
    event_key: str
    customer: str
    sku: str | None
    kind: str
    at: datetime
    value: float | None = None
    query: str | None = None


@dataclass(slots=True)
class Staged:
    products: list[StagedProduct] = field(default_factory=list)
    customers: list[StagedCustomer] = field(default_factory=list)
    orders: list[StagedOrder] = field(default_factory=list)
    interactions: list[StagedInteraction] = field(default_factory=list)
