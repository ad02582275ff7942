"""Plain CSV files with the columns documented in COLUMNS; a mapping (ours -> the file's) takes any other names."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable

import numpy as np

from shop.importers import cleaning
from shop.importers.contract import Context, Importer
from shop.importers.outliers import iqr_outliers, z_outliers
from shop.importers.reading import FileProblem, Table
from shop.importers.report import CleaningReport
from shop.importers.staged import Staged, StagedCustomer, StagedInteraction, StagedLine, StagedOrder, StagedProduct

# Column -> what it holds. Those marked * must be there. Names are compared without regard to case, blanks and underscores.
COLUMNS: dict[str, dict[str, str]] = {
    "products": {
        "sku": "* unique code",
        "title": "* name",
        "price": "* 12.50 or £12.50",
        "currency": "ISO code",
        "description": "text or HTML",
        "brand": "text",
        "category": "Home > Lighting > Candles",
        "stock": "whole number",
        "colour": "text",
        "size": "text",
        "material": "text",
        "image": "http(s) address",
        "tags": "separated by ; or ,",
        "group": "shared by the variants of an article",
    },
    "customers": {
        "id": "the shop's id; this or email must be filled",
        "email": "address",
        "name": "text",
        "country": "name or ISO code",
        "line1": "address",
        "line2": "address",
        "city": "text",
        "postcode": "text",
        "marketing": "yes or no: agreed to marketing",
        "created_at": "time",
    },
    "orders": {
        "order": "* order id; one row a line of the order",
        "date": "* time",
        "sku": "* product code",
        "quantity": "* whole number",
        "price": "* of one unit",
        "title": "name as bought",
        "customer": "customer id",
        "email": "address",
        "status": "processing, shipped, delivered, returned, refunded, cancelled",
        "currency": "ISO code",
        "shipping": "of the order",
    },
    "interactions": {
        "customer": "* customer id or email",
        "kind": "* view, search, click, cart, purchase, rating, like, dislike",
        "date": "* time",
        "sku": "product code; not for a search",
        "value": "stars or quantity",
        "query": "of a search",
        "key": "unique id of the event; made from the row if missing",
    },
}
STATUSES = ("processing", "shipped", "delivered", "returned", "refunded", "cancelled")
KINDS = ("view", "search", "click", "cart", "purchase", "rating", "like", "dislike")
ALSO = {
    "colour": ("color",),
    "sku": ("code",),
    "id": ("customer_id", "external_id"),
    "order": ("order_id", "order number"),
    "date": ("at", "time", "timestamp", "created_at"),
    "image": ("image_url",),
    "category": ("category_path",),
    "customer": ("customer_id", "user"),
    "stock": ("inventory",),
}
Get = Callable[[str], str]


def stage(table: Table, context: Context, report: CleaningReport) -> Staged:
    known = COLUMNS[context.kind]
    if strange := sorted(set(context.mapping) - set(known)):
        raise FileProblem(f"{context.kind} have no column {', '.join(strange)}; they have {', '.join(known)}")
    wanted = {ours: (context.mapping[ours],) if ours in context.mapping else (ours, *ALSO.get(ours, ())) for ours in known}
    required = tuple(ours for ours, meaning in known.items() if meaning.startswith("*")) + tuple(context.mapping)
    place = table.columns(wanted, required)
    if context.kind == "customers" and not {"id", "email"} & place.keys():
        raise FileProblem(f"{table.path.name} lacks the column id or email. It has: {', '.join(table.header)}")

    def rows():
        for line, fields in table.rows(report):
            yield line, lambda name, fields=fields: fields[place[name]].strip() if name in place else ""

    return {"products": _products, "customers": _customers, "orders": _orders, "interactions": _interactions}[context.kind](
        rows(), context, report
    )


def _products(rows, context: Context, report: CleaningReport) -> Staged:
    products: dict[str, StagedProduct] = {}
    for line, get in rows:
        sku, title, currency = cleaning.identifier(get("sku")), cleaning.text(get("title"), 300), _currency(get, context)
        price = cleaning.amount(get("price"), currency)
        bad = {
            "no SKU": not sku,
            "no title": not title,
            "no price": price is None,
            "the price is negative": price is not None and price < 0,
        }
        bad |= {"the SKU appears twice: the first row counts": sku in products}
        if _dropped(line, bad, report):
            continue
        stock = cleaning.whole(get("stock")) if get("stock") else None
        if get("stock") and stock is None or stock is not None and stock < 0:
            report.repair(line, "stock is not a number of things: taken as zero")
            stock = 0
        if cleaning.is_formula(get("title")):
            report.repair(line, "a leading formula sign was taken off the title")
        description = cleaning.plain(get("description"))
        if description != get("description"):
            report.repair(line, "markup or odd characters taken out of the description")
        image = get("image")[:1000] if get("image").startswith(("http://", "https://")) else None
        products[sku] = StagedProduct(
            line,
            sku,
            title,
            price,
            currency,
            cleaning.text(get("group"), 200) or None,
            description or None,
            cleaning.text(get("brand"), 120) or None,
            cleaning.text(get("category"), 300) or None,
            stock,
            cleaning.text(get("colour"), 60).casefold() or None,
            cleaning.text(get("size"), 60) or None,
            cleaning.text(get("material"), 120).casefold() or None,
            image,
            [t for part in get("tags").replace(";", ",").split(",") if (t := cleaning.text(part, 60))] or None,
        )
    staged = list(products.values())
    prices = np.array([product.price_minor for product in staged])
    for method, marks in (("IQR", iqr_outliers(prices)), ("z-score", z_outliers(prices))):
        for k in np.flatnonzero(marks):
            report.flag(staged[k].line, f"price far from the rest ({method})")
    return Staged(products=staged)


def _customers(rows, context: Context, report: CleaningReport) -> Staged:
    customers: dict[str, StagedCustomer] = {}
    for line, get in rows:
        key, email = cleaning.identifier(get("id")), cleaning.email(get("email"))
        twice = (key or email) in customers
        if _dropped(
            line,
            {"neither an id nor a valid email": not key and not email, "the customer appears twice: the first row counts": twice},
            report,
        ):
            continue
        if get("email") and not email:
            report.repair(line, "not a valid email: left out")
        name, country = cleaning.text(get("name"), 200), cleaning.country(get("country"))
        postal = {part: cleaning.text(get(part), 200) for part in ("line1", "line2", "city", "postcode")}
        address = {"name": name, **postal, "country": country} if any(postal.values()) else None
        created = cleaning.moment(get("created_at"), context.zone) if get("created_at") else None
        customers[key or email] = StagedCustomer(
            line, key or None, email, name or None, country or None, address, created, cleaning.yes(get("marketing"))
        )
    return Staged(customers=list(customers.values()))


def _orders(rows, context: Context, report: CleaningReport) -> Staged:
    orders: dict[str, StagedOrder] = {}
    buyers: dict[str, StagedCustomer] = {}
    for line, get in rows:
        key, currency = cleaning.identifier(get("order")), _currency(get, context)
        at, quantity, price = (
            cleaning.moment(get("date"), context.zone),
            cleaning.whole(get("quantity")),
            cleaning.amount(get("price"), currency),
        )
        bad = {"no order id": not key, "date is not a time": at is None, "quantity is not a positive number": not quantity or quantity < 0}
        bad |= {"no price": price is None or price < 0, "no SKU": not get("sku")}
        if _dropped(line, bad, report):
            continue
        if key not in orders:
            orders[key] = _order(line, key, at, currency, get, context, report)
            if who := orders[key].customer:
                known = cleaning.identifier(get("customer"))
                buyers.setdefault(who, StagedCustomer(line, known or None, orders[key].email, created_at=at))
        sku = cleaning.identifier(get("sku"))
        orders[key].lines.append(StagedLine(sku, cleaning.text(get("title"), 300) or sku, quantity, price))
    return Staged(customers=list(buyers.values()), orders=list(orders.values()))


def _order(line: int, key: str, at, currency: str, get: Get, context: Context, report: CleaningReport) -> StagedOrder:
    email, who = cleaning.email(get("email")), cleaning.identifier(get("customer"))
    if not who and not email:
        report.flag(line, "no customer: kept as an anonymous order")
    status = get("status").casefold() or "delivered"
    if status not in STATUSES:
        report.repair(line, "unknown status: taken as delivered")
        status = "delivered"
    return StagedOrder(
        line,
        key,
        at,
        currency,
        [],
        who or email,
        email,
        status,
        cleaning.amount(get("shipping"), currency) or 0,
        cancelled_at=at if status == "cancelled" else None,
    )


def _interactions(rows, context: Context, report: CleaningReport) -> Staged:
    interactions: dict[str, StagedInteraction] = {}
    repeats: Counter[str] = Counter()
    for line, get in rows:
        who, kind, sku = (
            cleaning.email(get("customer")) or cleaning.identifier(get("customer")),
            get("kind").casefold(),
            cleaning.identifier(get("sku")),
        )
        at = cleaning.moment(get("date"), context.zone)
        bad = {
            "no customer": not who,
            "unknown kind": kind not in KINDS,
            "date is not a time": at is None,
            "no SKU": not sku and kind != "search",
        }
        if _dropped(line, bad, report):
            continue
        same = "|".join((who, kind, sku, at.isoformat(), get("value"), get("query")))
        repeats[same] += 1
        key = cleaning.text(get("key"), 110) or hashlib.sha256(f"{same}|{repeats[same]}".encode()).hexdigest()[:40]
        if f"import:{key}" in interactions:
            report.drop(line, "the event key appears twice: the first row counts")
            continue
        try:
            value = float(get("value")) if get("value") else None
        except ValueError:
            report.repair(line, "value is not a number: left out")
            value = None
        interactions[f"import:{key}"] = StagedInteraction(
            line, f"import:{key}", who, sku or None, kind, at, value, cleaning.text(get("query"), 300) or None
        )
    return Staged(interactions=list(interactions.values()))


def _currency(get: Get, context: Context) -> str:
    code = get("currency").upper()
    return code if len(code) == 3 and code.isalpha() else context.currency


def _dropped(line: int, bad: dict[str, bool], report: CleaningReport) -> bool:
    reason = next((reason for reason, is_so in bad.items() if is_so), "")
    if reason:
        report.drop(line, reason)
    return bool(reason)


IMPORTER = Importer("generic", tuple(COLUMNS), stage)
