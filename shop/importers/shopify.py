"""Shopify's CSV exports of products, customers and orders (column names of its help pages, with the older ones where they changed)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import numpy as np

from shop.importers import cleaning
from shop.importers.contract import Context, Importer
from shop.importers.outliers import iqr_outliers
from shop.importers.reading import Table
from shop.importers.report import CleaningReport
from shop.importers.staged import Staged, StagedCustomer, StagedLine, StagedOrder, StagedProduct

PRODUCTS = {
    "handle": ("Handle", "URL handle"),
    "title": ("Title",),
    "body": ("Body (HTML)", "Description"),
    "vendor": ("Vendor",),
    "category": ("Product Category", "Product category"),
    "type": ("Type", "Custom Product Type"),
    "tags": ("Tags",),
    "status": ("Status",),
    "published": ("Published",),
    "sku": ("Variant SKU", "SKU"),
    "price": ("Variant Price", "Price"),
    "stock": ("Variant Inventory Qty", "Inventory quantity"),
    "tracker": ("Variant Inventory Tracker", "Inventory tracker"),
    "policy": ("Variant Inventory Policy", "Continue selling when out of stock"),
    "image": ("Image Src", "Product image URL"),
    "variant_image": ("Variant Image", "Variant image URL"),
    **{f"name{k}": (f"Option{k} Name", f"Option{k} name") for k in (1, 2, 3)},
    **{f"value{k}": (f"Option{k} Value", f"Option{k} value") for k in (1, 2, 3)},
}
CUSTOMERS = {
    "id": ("Customer ID",),
    "first": ("First Name",),
    "last": ("Last Name",),
    "email": ("Email",),
    "marketing": ("Accepts Email Marketing", "Accepts Marketing"),
    "line1": ("Default Address Address1", "Address1"),
    "line2": ("Default Address Address2", "Address2"),
    "city": ("Default Address City", "City"),
    "postcode": ("Default Address Zip", "Zip"),
    "country": ("Default Address Country Code", "Country Code", "Country"),
}
ORDERS = {
    "name": ("Name",),
    "email": ("Email",),
    "financial": ("Financial Status",),
    "fulfilment": ("Fulfillment Status",),
    "fulfilled": ("Fulfilled at",),
    "currency": ("Currency",),
    "shipping": ("Shipping",),
    "total": ("Total",),
    "created": ("Created at",),
    "cancelled": ("Cancelled at",),
    "quantity": ("Lineitem quantity",),
    "title": ("Lineitem name",),
    "price": ("Lineitem price",),
    "sku": ("Lineitem sku",),
    "to": ("Shipping Name", "Billing Name"),
    "line1": ("Shipping Address1", "Shipping Street"),
    "line2": ("Shipping Address2",),
    "city": ("Shipping City",),
    "postcode": ("Shipping Zip",),
    "country": ("Shipping Country",),
}
REQUIRED = {"products": ("handle", "title", "price"), "customers": ("email",), "orders": ("name", "created", "quantity", "title", "price")}
OPTIONS = {"colour": ("colour", "color"), "size": ("size",), "material": ("material", "fabric")}
Get = Callable[[str], str]


def stage(table: Table, context: Context, report: CleaningReport) -> Staged:
    wanted = {"products": PRODUCTS, "customers": CUSTOMERS, "orders": ORDERS}[context.kind]
    place = table.columns(wanted, REQUIRED[context.kind])

    def rows():
        for line, fields in table.rows(report):
            yield line, lambda name, fields=fields: fields[place[name]].strip() if name in place else ""

    return {"products": _products, "customers": _customers, "orders": _orders}[context.kind](rows(), context, report)


def _products(rows, context: Context, report: CleaningReport) -> Staged:
    """Rows of one handle follow each other; only the first has title and description. One without SKU, price and options is a picture."""
    products: dict[str, StagedProduct] = {}
    head: dict[str, str] = {}
    for line, get in rows:
        handle = cleaning.text(get("handle"), 180)
        if not handle:
            report.drop(line, "no handle")
            continue
        if handle != head.get("handle"):
            head = {name: get(name) for name in PRODUCTS} | {"handle": handle}
            _note_markup(line, head, report)
        if not (get("sku") or get("price") or get("value1")):
            report.flag(line, "a further picture of a product: not used")
            continue
        product = _variant(line, get, head, context, report)
        if product is None:
            continue
        if product.sku in products:
            report.drop(line, "the SKU appears twice: the first row counts")
            continue
        products[product.sku] = product
    staged = list(products.values())
    for k in np.flatnonzero(iqr_outliers(np.array([p.price_minor for p in staged]))):
        report.flag(staged[k].line, "price far from the rest (IQR)")
    return Staged(products=staged)


def _note_markup(line: int, head: dict[str, str], report: CleaningReport) -> None:
    if cleaning.plain(head["body"]) != head["body"]:
        report.repair(line, "markup or odd characters taken out of the description")
    if cleaning.is_formula(head["title"]):
        report.repair(line, "a leading formula sign was taken off the title")


def _variant(line: int, get: Get, head: dict[str, str], context: Context, report: CleaningReport) -> StagedProduct | None:
    price, title = cleaning.amount(get("price"), context.currency), cleaning.text(head["title"], 240)
    if price is None or price < 0:
        report.drop(line, "no price" if price is None else "the price is negative")
        return None
    if not title:
        report.drop(line, "no title")
        return None
    options = {head[f"name{k}"].casefold(): cleaning.text(get(f"value{k}"), 60) for k in (1, 2, 3) if get(f"value{k}")}
    values = [value for value in options.values() if value.casefold() != "default title"]
    sku = cleaning.identifier(get("sku"))
    if not sku:
        sku = re.sub(r"[^\w]+", "-", "-".join([head["handle"], *values])).strip("-").lower()[:120]
        report.repair(line, "no SKU: made from handle and options")
    named = {ours: next((options[n] for n in names if n in options), "") for ours, names in OPTIONS.items()}
    return StagedProduct(
        line,
        sku,
        ", ".join([title, *values])[:300],
        price,
        context.currency,
        group_key=head["handle"],
        description=cleaning.plain(head["body"]),
        brand=cleaning.text(head["vendor"], 120),
        category_path=cleaning.text(head["category"] or head["type"], 300),
        stock=_stock(line, get, report),
        colour=named["colour"].casefold(),
        size=named["size"],
        material=named["material"].casefold()[:120],
        image_url=_address(get("variant_image") or head["image"]),
        tags=[tag for part in head["tags"].split(",") if (tag := cleaning.text(part, 60))],
        active=(head["status"].casefold() or "active") == "active" and cleaning.yes(head["published"]) is not False,
    )


def _stock(line: int, get: Get, report: CleaningReport) -> int | None:
    """None where Shopify does not count the stock. Oversold (negative) is none left."""
    number = cleaning.whole(get("stock")) if get("stock") else None
    if number is None or (not get("tracker") and number == 0) or get("policy").casefold() == "continue":
        return None
    if number < 0:
        report.repair(line, "negative stock set to zero")
    return max(0, number)


def _address(url: str) -> str:
    return url[:1000] if url.startswith(("https://", "http://")) else ""


def _customers(rows, context: Context, report: CleaningReport) -> Staged:
    customers: dict[str, StagedCustomer] = {}
    for line, get in rows:
        email, key = cleaning.email(get("email")), cleaning.identifier(get("id"))
        if not email and not key:
            report.drop(line, "neither a customer id nor a valid email")
            continue
        if get("email") and not email:
            report.repair(line, "not a valid email: left out")
        if (key or email) in customers:
            report.drop(line, "the customer appears twice: the first row counts")
            continue
        name = cleaning.text(f"{get('first')} {get('last')}", 200)
        country = cleaning.country(get("country"))
        customers[key or email] = StagedCustomer(
            line, key or None, email, name or None, country or None, _postal(name, get, country), marketing=cleaning.yes(get("marketing"))
        )
    return Staged(customers=list(customers.values()))


def _postal(name: str, get: Get, country: str) -> dict[str, str] | None:
    parts = {part: cleaning.text(get(part).lstrip("'"), 200) for part in ("line1", "line2", "city", "postcode")}
    return {"name": name, **parts, "country": country} if any(parts.values()) else None


def _orders(rows, context: Context, report: CleaningReport) -> Staged:
    """Each line item is a row; only an order's first row has its date, totals and address."""
    orders: dict[str, StagedOrder] = {}
    buyers: dict[str, StagedCustomer] = {}
    for line, get in rows:
        name = cleaning.text(get("name"), 120)
        if not name:
            report.drop(line, "no order name")
            continue
        if name not in orders:
            order = _order(line, name, get, context, report)
            if order is None:
                continue
            orders[name] = order
            if order.email:
                to = cleaning.text(get("to"), 200)
                buyers.setdefault(order.email, StagedCustomer(line, email=order.email, name=to or None, created_at=order.placed_at))
        if item := _item(line, get, orders[name].currency, report):
            orders[name].lines.append(item)
    return Staged(customers=list(buyers.values()), orders=[order for order in orders.values() if order.lines])


def _order(line: int, name: str, get: Get, context: Context, report: CleaningReport) -> StagedOrder | None:
    placed = cleaning.moment(get("created"), context.zone)
    if placed is None:
        report.drop(line, "no readable date" if get("created") else "a line of an order whose first row is missing or was dropped")
        return None
    email = cleaning.email(get("email"))
    if not email:
        report.flag(line, "no valid email: kept as an anonymous order")
    currency = get("currency").upper() if re.fullmatch("[A-Za-z]{3}", get("currency")) else context.currency
    country = cleaning.country(get("country"))
    fulfilled, cancelled = cleaning.moment(get("fulfilled"), context.zone), cleaning.moment(get("cancelled"), context.zone)
    return StagedOrder(
        line,
        name,
        placed,
        currency,
        [],
        customer=email,
        email=email,
        status=_status(get, cancelled),
        shipped_at=fulfilled,
        cancelled_at=cancelled,
        shipping_minor=cleaning.amount(get("shipping"), currency) or 0,
        total_minor=cleaning.amount(get("total"), currency),
        address=_postal(cleaning.text(get("to"), 200), get, country),
    )


def _status(get: Get, cancelled: datetime | None) -> str:
    if cancelled:
        return "cancelled"
    if get("financial").casefold() == "refunded":
        return "refunded"
    return "shipped" if get("fulfilment").casefold() == "fulfilled" else "processing"


def _item(line: int, get: Get, currency: str, report: CleaningReport) -> StagedLine | None:
    quantity, price = cleaning.whole(get("quantity")), cleaning.amount(get("price"), currency)
    title = cleaning.text(get("title"), 300)
    reason = (
        "quantity is not a positive number"
        if not quantity or quantity < 0
        else "no price"
        if price is None or price < 0
        else ""
        if title
        else "no title"
    )
    if reason:
        report.drop(line, reason)
        return None
    if not get("sku"):
        report.flag(line, "line without SKU: not tied to a product")
    return StagedLine(cleaning.identifier(get("sku")), title, quantity, price)


IMPORTER = Importer("shopify", ("products", "customers", "orders"), stage)
