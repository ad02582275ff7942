"""Writes staged orders, their lines and the purchases they stand for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shop.importers.apply import CHUNK, customer_ids, fetch, interaction_row, write
from shop.importers.report import CleaningReport
from shop.importers.staged import StagedLine, StagedOrder
from shop.models import Interaction, Order, OrderLine, Product
from shop.numbers import new_number

STAGES = ("processing", "shipped", "delivered", "returned", "refunded", "cancelled")
COLUMNS = (
    "customer_id",
    "email",
    "status",
    "currency",
    "subtotal_minor",
    "shipping_minor",
    "total_minor",
    "address",
    "placed_at",
    "shipped_at",
    "delivered_at",
    "cancelled_at",
)
KEPT_IF_UNSAID = ("address", "shipped_at", "delivered_at", "cancelled_at")


def apply_orders(session: Session, orders: Sequence[StagedOrder], report: CleaningReport) -> None:
    """By `external_id`. A known order keeps its number, its lines' ids, and a status that is further on than the file's."""
    if not orders:
        return
    wanted = {order.external_id: order for order in orders}
    products = dict(session.execute(select(Product.sku, Product.id)).all())
    customers = customer_ids(session, {order.customer for order in wanted.values() if order.customer})
    columns = (Order.id, Order.external_id, *(getattr(Order, c) for c in COLUMNS))
    known = {row.external_id: row for row in fetch(session, columns, Order.external_id, wanted)}
    added, changed = [], []
    for key, order in wanted.items():
        row, old = _order_row(order, customers), known.get(key)
        if old is None:
            added.append(row | {"address": row["address"] or {}, "external_id": key, "number": new_number()})
            continue
        row |= {c: getattr(old, c) for c in KEPT_IF_UNSAID if row[c] is None}
        if STAGES.index(old.status) > STAGES.index(row["status"]):
            row["status"] = old.status
        if any(row[c] != getattr(old, c) for c in COLUMNS):
            changed.append(row | {"_id": old.id})
    write(session, Order, added, changed, report, "orders")
    changed_ids = {row["_id"] for row in changed}
    touched = {row["external_id"] for row in added} | {key for key, old in known.items() if old.id in changed_ids}
    touched |= _lines(session, wanted, known, products, report)
    _purchases(session, [wanted[key] for key in touched], known, products, report)


def _order_row(order: StagedOrder, customers: dict[str, int]) -> dict[str, Any]:
    subtotal = sum(line.quantity * line.unit_price_minor for line in order.lines)
    return {
        "customer_id": customers.get(order.customer),
        "email": order.email or "",
        "status": order.status,
        "currency": order.currency,
        "subtotal_minor": subtotal,
        "shipping_minor": order.shipping_minor,
        "total_minor": subtotal + order.shipping_minor if order.total_minor is None else order.total_minor,
        "address": order.address,
        "placed_at": order.placed_at,
        "shipped_at": order.shipped_at,
        "delivered_at": order.delivered_at,
        "cancelled_at": order.cancelled_at,
    }


def _lines(
    session: Session, wanted: dict[str, StagedOrder], known: dict[str, Any], products: dict[str, int], report: CleaningReport
) -> set[str]:
    """Brings each order's lines to what the file says, place by place, so that a line keeps its id. Returns the orders that changed."""
    ids = {row.external_id: row.id for row in fetch(session, (Order.id, Order.external_id), Order.external_id, wanted)}
    columns = (OrderLine.id, OrderLine.order_id, OrderLine.product_id, OrderLine.title, OrderLine.quantity, OrderLine.unit_price_minor)
    there: dict[int, list[Any]] = {}
    for row in fetch(session, columns, OrderLine.order_id, [old.id for old in known.values()]):
        there.setdefault(row.order_id, []).append(row)
    added, changed, surplus, touched = [], [], [], set()
    for key, order in wanted.items():
        old_lines = sorted(there.get(ids[key], ()), key=lambda row: row.id)
        new_lines = [_line_row(ids[key], line, products) for line in order.lines]
        differing = [
            new | {"_id": old.id} for old, new in zip(old_lines, new_lines, strict=False) if any(new[c] != getattr(old, c) for c in new)
        ]
        changed += differing
        added += new_lines[len(old_lines) :]
        surplus += [row.id for row in old_lines[len(new_lines) :]]
        if differing or len(old_lines) != len(new_lines):
            touched.add(key)
    for start in range(0, len(surplus), CHUNK):
        session.execute(delete(OrderLine).where(OrderLine.id.in_(surplus[start : start + CHUNK])))
    write(session, OrderLine, added, changed, report, "order lines")
    if surplus:
        report.written["order lines removed"] += len(surplus)
    return touched


def _line_row(order_id: int, line: StagedLine, products: dict[str, int]) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "product_id": products.get(line.sku),
        "title": line.title[:300],
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
    }


def _purchases(
    session: Session, orders: Sequence[StagedOrder], known: dict[str, Any], products: dict[str, int], report: CleaningReport
) -> None:
    """One purchase for each product of an order that has a customer and was not cancelled; those of a changed order are written anew,
    which also takes away the evidence that rested on them."""
    ids = {
        row.external_id: row
        for row in fetch(
            session, (Order.external_id, Order.customer_id, Order.status, Order.id), Order.external_id, [o.external_id for o in orders]
        )
    }
    stale_orders = {known[o.external_id].id: o.external_id for o in orders if o.external_id in known}
    stale = sorted(_purchase_keys(session, stale_orders))
    for start in range(0, len(stale), CHUNK):
        session.execute(delete(Interaction).where(Interaction.event_key.in_(stale[start : start + CHUNK])))
    added: dict[str, dict[str, Any]] = {}
    for order in sorted(orders, key=lambda order: (order.placed_at, order.external_id)):
        row = ids[order.external_id]
        if row.customer_id is None or row.status == "cancelled":
            continue
        for line in order.lines:
            if (product := products.get(line.sku)) is None:
                continue
            key = _purchase_key(order.external_id, product)
            if key in added:
                added[key]["value"] += line.quantity
            else:
                added[key] = interaction_row(row.customer_id, product, "purchase", key, order.placed_at, float(line.quantity))
    write(session, Interaction, list(added.values()), [], report, "interactions")


def _purchase_keys(session: Session, orders: dict[int, str]) -> set[str]:
    """The keys of purchases on record for these orders (id -> external id), whatever lines they had."""
    tag = {_tag(external_id) for external_id in orders.values()}
    if not tag:
        return set()
    found = session.scalars(select(Interaction.event_key).where(Interaction.source == "import", Interaction.kind == "purchase"))
    return {key for key in found if key and key.rpartition(":")[0] in tag}


def _purchase_key(external_id: str, product_id: int) -> str:
    return f"{_tag(external_id)}:{product_id}"


def _tag(external_id: str) -> str:
    return "order:" + hashlib.sha256(external_id.encode()).hexdigest()[:32]
