"""Writes staged rows into the store: insert, change or leave each by its natural key. The caller owns the (one) transaction.

A row that is already as the file says is not touched, so a second import of the same file changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from shop.importers.report import CleaningReport
from shop.importers.staged import Staged, StagedCustomer, StagedInteraction, StagedProduct
from shop.models import ConsentEvent, Customer, Interaction, Product, now

CHUNK = 5000  # keys in one question; SQLite takes up to 32,766 parameters
PRODUCT_DEFAULTS = {  # where a file says nothing of stock, its shop sells what it lists
    "description": "",
    "brand": "",
    "category_path": "",
    "stock": 100,
    "colour": "",
    "size": "",
    "material": "",
    "image_url": "",
    "active": True,
}
PRODUCT_COLUMNS = ("group_key", "title", "price_minor", "currency", "tags", "created_at", *PRODUCT_DEFAULTS)
CUSTOMER_COLUMNS = ("external_id", "email", "name", "country", "address", "created_at")


def apply(session: Session, staged: Staged, report: CleaningReport) -> None:
    """Products first, then customers, orders and interactions, which refer to them by their natural keys."""
    from shop.importers.apply_orders import apply_orders

    if session.get_bind().dialect.name == "postgresql":  # SQLite's write lock is already held
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('shopkeeper import'))"))
    apply_products(session, staged.products, report)
    apply_customers(session, staged.customers, report)
    apply_orders(session, staged.orders, report)
    apply_interactions(session, staged.interactions, report)


def apply_products(session: Session, products: Sequence[StagedProduct], report: CleaningReport) -> None:
    wanted = {product.sku: product for product in products}
    known = {
        row.sku: row
        for row in fetch(session, (Product.id, Product.sku, *(getattr(Product, c) for c in PRODUCT_COLUMNS)), Product.sku, wanted)
    }
    added, changed = [], []
    for sku, product in wanted.items():
        if old := known.get(sku):
            row = {c: _either(getattr(product, c), getattr(old, c)) for c in PRODUCT_COLUMNS}
            if any(row[c] != getattr(old, c) for c in PRODUCT_COLUMNS):
                changed.append(row | {"_id": old.id, "updated_at": now()})
        else:
            row = {c: _either(getattr(product, c), PRODUCT_DEFAULTS.get(c)) for c in PRODUCT_COLUMNS}
            row |= {
                "sku": sku,
                "group_key": product.group_key or sku,
                "tags": product.tags or [],
                "created_at": product.created_at or now(),
            }
            added.append(row)
    write(session, Product, added, changed, report, "products")


def apply_customers(session: Session, customers: Sequence[StagedCustomer], report: CleaningReport) -> None:
    columns = (Customer.id, *(getattr(Customer, c) for c in CUSTOMER_COLUMNS))
    ids = {c.external_id for c in customers if c.external_id}
    emails = {c.email for c in customers if c.email}
    rows = {row.id: row for row in (*fetch(session, columns, Customer.external_id, ids), *fetch(session, columns, Customer.email, emails))}
    by_id = {row.external_id: row for row in rows.values() if row.external_id}
    by_email = {row.email: row for row in rows.values() if row.email}
    taken: dict[str, Any] = {row.email: row.id for row in rows.values() if row.email}  # email -> whose
    added: dict[Any, dict[str, Any]] = {}
    changed: dict[int, dict[str, Any]] = {}
    for customer in customers:
        old = by_id.get(customer.external_id) or by_email.get(customer.email)
        if old and customer.external_id and old.external_id not in (None, customer.external_id):
            old = None  # the address belongs to somebody else
        owner = old.id if old else customer.external_id or customer.email
        email = customer.email
        if email and taken.setdefault(email, owner) != owner:
            report.repair(customer.line, "email already belongs to another customer: left out")
            email = None
            if not customer.external_id:
                continue
        row = {c: getattr(customer, c) for c in CUSTOMER_COLUMNS} | {"email": email}
        if old:
            row = {c: _either(row[c], getattr(old, c)) for c in CUSTOMER_COLUMNS}
            if any(row[c] != getattr(old, c) for c in CUSTOMER_COLUMNS):
                changed[old.id] = row | {"_id": old.id}
        else:
            row |= {"name": row["name"] or "", "country": row["country"] or "", "address": row["address"] or {}}
            added[owner] = row | {"created_at": row["created_at"] or now()}
    write(session, Customer, list(added.values()), list(changed.values()), report, "customers")
    _consents(session, [c for c in customers if c.marketing is not None], report)


def _consents(session: Session, customers: Sequence[StagedCustomer], report: CleaningReport) -> None:
    """What the file says about marketing, unless the customer has told the shop something since."""
    ids = customer_ids(session, {key for c in customers for key in (c.external_id, c.email) if key})
    latest: dict[int, tuple[bool, str]] = {}
    events = fetch(
        session,
        (ConsentEvent.customer_id, ConsentEvent.granted, ConsentEvent.source, ConsentEvent.purpose, ConsentEvent.id),
        ConsentEvent.customer_id,
        set(ids.values()),
    )
    for event in sorted(events, key=lambda event: event.id):
        if event.purpose == "marketing":
            latest[event.customer_id] = (event.granted, event.source)
    added = {}
    for customer in customers:
        who = ids.get(customer.external_id) or ids.get(customer.email)
        granted, source = latest.get(who, (None, "import"))
        if who and source == "import" and granted != customer.marketing:
            added[who] = {"customer_id": who, "purpose": "marketing", "granted": customer.marketing, "source": "import", "at": now()}
    write(session, ConsentEvent, list(added.values()), [], report, "consents")


def apply_interactions(session: Session, interactions: Sequence[StagedInteraction], report: CleaningReport) -> None:
    """Adds the ones whose event key is new. One that names an unknown customer or product is dropped in the report."""
    if not interactions:
        return
    customers = customer_ids(session, {i.customer for i in interactions})
    products = dict(session.execute(select(Product.sku, Product.id)).all())
    known = {row.event_key for row in fetch(session, (Interaction.event_key,), Interaction.event_key, {i.event_key for i in interactions})}
    added = {}
    for item in interactions:
        if item.customer not in customers:
            report.drop(item.line, "unknown customer: import the customers first")
        elif item.sku and item.sku not in products:
            report.drop(item.line, "unknown product: import the products first")
        elif item.event_key not in known:
            added[item.event_key] = interaction_row(
                customers[item.customer], products.get(item.sku), item.kind, item.event_key, item.at, item.value, item.query
            )
    write(session, Interaction, sorted(added.values(), key=lambda row: row["at"]), [], report, "interactions")


def interaction_row(
    customer_id: int, product_id: int | None, kind: str, key: str, at, value: float | None, query: str | None = None
) -> dict[str, Any]:
    """Of the interactions table; not yet profiled, so that the worker makes evidence of it."""
    return {
        "customer_id": customer_id,
        "product_id": product_id,
        "kind": kind,
        "value": value,
        "query": query,
        "source": "import",
        "event_key": key,
        "at": at,
        "profiled_at": None,
    }


def customer_ids(session: Session, keys: set[str]) -> dict[str, int]:
    """External id or email -> id, for those that exist. An external id wins over an equal email."""
    columns = (Customer.id, Customer.external_id, Customer.email)
    by_email = {row.email: row.id for row in fetch(session, columns, Customer.email, keys)}
    return by_email | {row.external_id: row.id for row in fetch(session, columns, Customer.external_id, keys)}


def fetch(session: Session, columns: Sequence[Any], key: Any, wanted: Iterable[Any]) -> Iterator[Any]:
    """The rows whose `key` is wanted, asked for in chunks."""
    keys = list(wanted)
    for start in range(0, len(keys), CHUNK):
        yield from session.execute(select(*columns).where(key.in_(keys[start : start + CHUNK])))


def write(session: Session, table: Any, added: list[dict], changed: list[dict], report: CleaningReport, name: str) -> None:
    """Inserts and updates in bulk. A changed row carries its id as `_id`; all rows of a list have the same keys."""
    core = table.__table__
    connection = session.connection()
    for start in range(0, len(added), CHUNK):
        connection.execute(insert(core), added[start : start + CHUNK])
    if changed:
        values = {column: bindparam(column) for column in changed[0] if column != "_id"}
        connection.execute(update(core).where(core.c.id == bindparam("_id")).values(values), changed)
    for what, rows in (("added", added), ("changed", changed)):
        if rows:
            report.written[f"{name} {what}"] += len(rows)


def _either(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value
