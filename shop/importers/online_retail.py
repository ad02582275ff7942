"""The UCI "Online Retail" export (Chen 2015): one line an invoice line, of a British gift wholesaler, with all the dirt of a real till.

Cancellations (invoices "C...") are matched to what they cancel; postage becomes shipping; notes, fees and stock adjustments are left
out; lines without a customer stay as anonymous orders, which still say what is bought together. Colour, material, size and category
come from the titles.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from shop.importers import cleaning
from shop.importers.attributes import attributes, readable, without_colour
from shop.importers.contract import Context, Importer, import_file
from shop.importers.outliers import iqr_outliers, z_outliers
from shop.importers.reading import FileProblem, Table
from shop.importers.report import CleaningReport
from shop.importers.staged import Staged, StagedCustomer, StagedLine, StagedOrder, StagedProduct
from shop.store import Store

COLUMNS = {
    "invoice": ("InvoiceNo", "Invoice"),
    "code": ("StockCode",),
    "description": ("Description",),
    "quantity": ("Quantity",),
    "date": ("InvoiceDate",),
    "price": ("UnitPrice", "Price"),
    "customer": ("CustomerID", "Customer ID"),
    "country": ("Country",),
}
PRODUCT_CODE = re.compile(r"^(\d{5}[A-Z]*|DCGS\w+)$")
SHIPPING_CODES = ("POST", "DOT", "C2")
DELIVERY = timedelta(days=4)


class Row(NamedTuple):
    line: int
    invoice: str
    code: str
    quantity: int
    at: datetime
    price: int  # minor units
    customer: str  # "" for none
    country: str


def stage(table: Table, context: Context, report: CleaningReport) -> Staged:
    rows, shipping, names = _read(table, context, report)
    if report.read and not rows:
        raise FileProblem(f"none of the {report.read} rows of {table.path.name} is a sale. Is it the right file?")
    titles = _titles(names)
    sales = [row for row in rows if row.quantity > 0 and _has_title(row, titles, report)]
    _flag_outliers(sales, report)
    orders = _orders(sales)
    cancelled = _cancel(orders, [row for row in rows if row.quantity < 0], report)
    postage = {invoice: sum(minor for _, minor in lines) for invoice, lines in shipping.items()}
    for line in (line for invoice in postage.keys() - orders.keys() for line, _ in shipping[invoice]):
        report.drop(line, "postage of an invoice without goods")
    staged_orders = [
        _order(invoice, lines, cancelled.get(invoice), postage.get(invoice, 0), titles, context) for invoice, lines in orders.items()
    ]
    return Staged(
        _products(sales, titles, context), _customers(sales), sorted(staged_orders, key=lambda order: (order.placed_at, order.external_id))
    )


def _read(
    table: Table, context: Context, report: CleaningReport
) -> tuple[list[Row], dict[str, list[tuple[int, int]]], dict[str, Counter[str]]]:
    """Sales and cancellations of products; postage by invoice (line, minor units); how often each code has each description."""
    place = table.columns(COLUMNS, tuple(COLUMNS))
    pick = [place[name] for name in COLUMNS]
    rows: list[Row] = []
    shipping: dict[str, list[tuple[int, int]]] = defaultdict(list)
    names: dict[str, Counter[str]] = defaultdict(Counter)
    seen: set[tuple[str, ...]] = set()
    same: dict[str, str] = {}  # one object for each text that comes again
    for line, fields in table.rows(report):
        values = tuple(same.setdefault(v, v) for v in (fields[k] for k in pick))
        invoice, code, description, quantity, date, price, customer, country = values
        if values in seen:
            report.drop(line, "repeated row")
            continue
        seen.add(values)
        number, minor, at = cleaning.whole(quantity), cleaning.amount(price, context.currency), cleaning.moment(date, context.zone)
        if reason := _unreadable(invoice, code, number, minor, at):
            report.drop(line, reason)
            continue
        upper = code.strip().upper()
        if upper != code:
            report.repair(line, "stock code put in capitals")
        if upper in SHIPPING_CODES and number > 0 and minor > 0:
            shipping[invoice].append((line, number * minor))
            continue
        if reason := _no_sale(upper, invoice, number, minor):
            report.drop(line, reason)
            continue
        if (clean_id := cleaning.identifier(customer)) != customer:
            report.repair(line, "customer id written as a decimal")
        if not clean_id:
            report.flag(line, "no customer: kept as part of an anonymous order")
        names[upper][description] += 1
        rows.append(
            Row(
                line,
                invoice.strip(),
                same.setdefault(upper, upper),
                number,
                at,
                minor,
                same.setdefault(clean_id, clean_id),
                cleaning.country(country),
            )
        )
    return rows, shipping, names


def _unreadable(invoice: str, code: str, number: int | None, minor: int | None, at: datetime | None) -> str:
    checks = {"no invoice number": invoice.strip(), "no stock code": code.strip(), "quantity is not a number": number is not None}
    checks |= {"price is not an amount": minor is not None, "date is not a time": at is not None}
    return next((reason for reason, good in checks.items() if not good), "")


def _no_sale(code: str, invoice: str, number: int, minor: int) -> str:
    if not PRODUCT_CODE.match(code):
        return "not a product: postage, fee, discount, voucher, sample or test"
    if number < 0 and not invoice.strip().upper().startswith("C"):
        return "stock adjustment: negative quantity without a cancellation"
    if number == 0:
        return "quantity is zero"
    return "no price" if minor <= 0 else ""


def _titles(names: dict[str, Counter[str]]) -> dict[str, str]:
    """Code -> title: the most frequent description that is a product's name and not a note; the longer, if two are equal."""
    titles = {}
    for code, counts in names.items():
        good = [(count, len(name.strip()), name) for name, count in counts.items() if _is_name(name)]
        if good:
            titles[code] = cleaning.text(readable(max(good)[2]), 300)
    return titles


def _is_name(description: str) -> bool:
    """The till's product names are shouted; what people scribbled ("damaged?", "wet", "Found") is not."""
    letters = [c for c in description if c.isalpha()]
    return len(letters) >= 4 and "?" not in description and sum(c.isupper() for c in letters) >= 0.6 * len(letters)


def _has_title(row: Row, titles: dict[str, str], report: CleaningReport) -> bool:
    if row.code not in titles:
        report.drop(row.line, "the stock code has no usable description")
    return row.code in titles


def _flag_outliers(sales: list[Row], report: CleaningReport) -> None:
    for what, values in (("quantity", [row.quantity for row in sales]), ("price", [row.price for row in sales])):
        for method, marks in (("IQR", iqr_outliers(np.array(values))), ("z-score", z_outliers(np.array(values)))):
            for k in np.flatnonzero(marks):
                report.flag(sales[k].line, f"{what} far from the rest ({method})")


class _Line:
    """A sale's line while cancellations are taken off it."""

    __slots__ = ("left", "row")

    def __init__(self, row: Row) -> None:
        self.row, self.left = row, row.quantity


def _orders(sales: list[Row]) -> dict[str, list[_Line]]:
    orders: dict[str, list[_Line]] = defaultdict(list)
    for row in sales:
        orders[row.invoice].append(_Line(row))
    return orders


def _cancel(orders: dict[str, list[_Line]], cancellations: Iterable[Row], report: CleaningReport) -> dict[str, datetime]:
    """Takes each cancellation off the same customer's latest earlier sales of that product, those at the same price first.

    Returns the invoices of which nothing is left, and since when.
    """
    cancelled: dict[str, datetime] = {}
    sales: dict[tuple[str, str], list[_Line]] = defaultdict(list)
    for lines in orders.values():
        for line in lines:
            if line.row.customer:
                sales[line.row.customer, line.row.code].append(line)
    for row in sorted(cancellations, key=lambda row: (row.at, row.line)):
        owed = -row.quantity
        earlier = [line for line in sales.get((row.customer, row.code), ()) if line.row.at <= row.at and line.left]
        for line in sorted(earlier, key=lambda line: (line.row.price == row.price, line.row.at), reverse=True):
            taken = min(owed, line.left)
            line.left -= taken
            owed -= taken
            if not any(other.left for other in orders[line.row.invoice]):
                cancelled[line.row.invoice] = row.at
            if not owed:
                break
        if owed == -row.quantity:
            report.drop(row.line, "cancellation of a sale that is not in the file")
        elif owed:
            report.flag(row.line, "cancellation of more than was sold")
    return cancelled


def _order(
    invoice: str, lines: list[_Line], cancelled_at: datetime | None, shipping: int, titles: dict[str, str], context: Context
) -> StagedOrder:
    """A wholly cancelled order keeps its lines as they were; of another, only what was not cancelled is left."""
    first = lines[0].row
    merged: Counter[tuple[str, int]] = Counter()
    for line in lines:
        merged[line.row.code, line.row.price] += line.row.quantity if cancelled_at else line.left
    kept = [StagedLine(code, titles[code], quantity, price) for (code, price), quantity in merged.items() if quantity]
    return StagedOrder(
        first.line,
        invoice,
        min(line.row.at for line in lines),
        context.currency,
        kept,
        customer=first.customer or None,
        status="cancelled" if cancelled_at else "delivered",
        shipping_minor=shipping,
        cancelled_at=cancelled_at,
        address={"country": first.country} if first.country else None,
        shipped_at=None if cancelled_at else first.at + timedelta(days=1),
        delivered_at=None if cancelled_at else first.at + DELIVERY,
    )


def _products(sales: list[Row], titles: dict[str, str], context: Context) -> list[StagedProduct]:
    """The price is the most frequent one of the product's last 100 sales (they come in order of time), the later one if two are equal."""
    prices: dict[str, list[int]] = defaultdict(list)
    first: dict[str, Row] = {}
    for row in sales:
        prices[row.code].append(row.price)
        first.setdefault(row.code, row)
    products = []
    for code, row in first.items():
        title = titles[code]
        found = attributes(title)
        recent = prices[code][-100:][::-1]
        products.append(
            StagedProduct(
                row.line,
                code,
                title,
                Counter(recent).most_common(1)[0][0],
                context.currency,
                group_key=f"{code[:5]}:{without_colour(title)}"[:200],
                category_path=found.category or "Gifts",
                colour=found.colour,
                size=found.size,
                material=found.material,
                created_at=row.at,
            )
        )
    return products


def _customers(sales: list[Row]) -> list[StagedCustomer]:
    """One a customer id, of the country most of their lines name."""
    countries: dict[str, Counter[str]] = defaultdict(Counter)
    first: dict[str, Row] = {}
    for row in sales:
        if row.customer:
            countries[row.customer][row.country] += 1
            first.setdefault(row.customer, row)
    return [
        StagedCustomer(row.line, external_id=key, country=countries[key].most_common(1)[0][0], created_at=row.at)
        for key, row in first.items()
    ]


def import_online_retail(store: Store, path: Path) -> CleaningReport:
    """`import_file` with this importer's own settings."""
    return import_file(store, path, IMPORTER.name)


IMPORTER = Importer("online-retail", ("sales",), stage)
