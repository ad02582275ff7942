"""Tells customers of products that are back or cheaper, each wish once: the message and the mark are one transaction."""

from __future__ import annotations

import logging
from typing import Any

from shop import alerts
from shop.models import Product
from shop.money import format_minor
from shop.settings import Settings
from shop.store import Store

log = logging.getLogger("worker")

TEXTS = {
    "back": "You asked me to tell you: {title} is back in stock, at {price}.",
    "cheaper": "You asked me to tell you: {title} is cheaper now. It costs {price}.",
}
REPLIES = ["Add it to my cart", "No more alerts"]


def tell_due(store: Store, settings: Settings) -> bool:
    """Tells what has come true; True when there was something."""
    with store.read() as session:
        found = alerts.due(session)
    told = 0
    for alert_id in found:
        with store.write() as session:
            told += alerts.tell(session, alert_id, lambda kind, product: payload(settings, kind, product))
    if told:
        log.info("told %d customers of products that are back or cheaper", told)
    return bool(told)


def payload(settings: Settings, kind: str, product: Product) -> dict[str, Any]:
    price = format_minor(product.price_minor, product.currency, settings.locale)
    card = {
        "sku": product.sku,
        "title": product.title,
        "price": price,
        "image": product.image_url,
        "url": f"/p/{product.sku}",
        "stock": "in_stock" if product.stock > 5 else "low" if product.stock > 0 else "out",
        "colour": product.colour,
        "size": product.size,
        "position": 1,
    }
    return {"text": TEXTS[kind].format(title=product.title, price=price), "products": [card], "quick_replies": REPLIES}
