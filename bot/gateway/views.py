"""Products, carts and orders as the pages show them: money as text, links that are safe to follow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from babel.dates import format_date

from bot.gateway.messages import safe_link
from shop import catalogue
from shop.cart import Cart
from shop.models import Order, Product
from shop.money import format_minor
from shop.orders import status_of

LOW_STOCK = 5  # units from which a card says "only a few left"

STATUS_TEXTS = {
    "processing": "We are getting it ready",
    "shipped": "On its way to you",
    "delivered": "Delivered",
    "returned": "Returned",
    "refunded": "Refunded",
    "cancelled": "Cancelled",
}


def image_of(image_url: str, sku: str) -> str:
    return safe_link(image_url) or f"/images/{quote(sku, safe='')}.svg"


def link_of(sku: str) -> str:
    return f"/p/{quote(sku, safe='')}"


def stock_level(stock: int) -> str:
    return "out" if stock <= 0 else "low" if stock <= LOW_STOCK else "in_stock"


def card(product: Product, locale: str) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "title": product.title,
        "brand": product.brand,
        "price": format_minor(product.price_minor, product.currency, locale),
        "image": image_of(product.image_url, product.sku),
        "url": link_of(product.sku),
        "stock": stock_level(product.stock),
        "stock_left": product.stock,
        "colour": product.colour,
        "size": product.size,
        "material": product.material,
    }


def cart_view(cart: Cart, locale: str) -> dict[str, Any]:
    lines = [
        {
            "sku": line.sku,
            "title": line.title,
            "quantity": line.quantity,
            "price": format_minor(line.price_minor, line.currency, locale),
            "total": format_minor(line.total_minor, line.currency, locale),
            "image": image_of(line.image_url, line.sku),
            "url": link_of(line.sku),
            "most": min(line.stock, 99),
        }
        for line in cart.lines
    ]
    total = format_minor(cart.subtotal_minor, cart.currency, locale) if cart.currency else ""
    return {"lines": lines, "count": cart.count, "total": total, "subtotal_minor": cart.subtotal_minor, "currency": cart.currency}


def order_view(order: Order, at: datetime, locale: str) -> dict[str, Any]:
    status = status_of(order, at)
    return {
        "number": order.number,
        "status": STATUS_TEXTS.get(order.status, order.status),
        "late": status.late,
        "placed": format_date(order.placed_at, "d MMMM y", locale),
        "expected": format_date(order.expected_at, "EEEE, d MMMM", locale) if order.expected_at else "",
        "open": order.status in ("processing", "shipped"),
        "email": order.email,
        "address": [order.address[part] for part in ("name", "line1", "line2", "city", "postcode", "country") if order.address.get(part)],
        "subtotal": format_minor(order.subtotal_minor, order.currency, locale),
        "shipping": format_minor(order.shipping_minor, order.currency, locale) if order.shipping_minor else "Free",
        "total": format_minor(order.total_minor, order.currency, locale),
        "lines": [
            {
                "title": x.title,
                "quantity": x.quantity,
                "price": format_minor(x.unit_price_minor, order.currency, locale),
                "total": format_minor(x.quantity * x.unit_price_minor, order.currency, locale),
            }
            for x in order.lines
        ],
    }


def slug(path: str) -> str:
    """ "Home > Lighting & Lamps" -> "home/lighting-lamps"."""
    return "/".join(re.sub(r"[^\w]+", "-", part.strip().lower()).strip("-") for part in path.split(catalogue.SEPARATOR))


def by_slug(paths: Iterable[str]) -> dict[str, str]:
    """Every category and department that the paths name, by its slug."""
    found: dict[str, str] = {}
    for path in paths:
        parts = path.split(catalogue.SEPARATOR)
        for length in range(1, len(parts) + 1):
            prefix = catalogue.SEPARATOR.join(parts[:length])
            found.setdefault(slug(prefix), prefix)
    return found
