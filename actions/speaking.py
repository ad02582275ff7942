"""The shop's things in the form in which a bot message carries them (docs/architecture.md, "A bot message")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from actions.turn import Turn
from recommender.contract import Recommendation
from shop.cart import Cart
from shop.models import Order, Product
from shop.orders import OrderStatus

LOW_STOCK = 5
DESCRIPTION_CHARS = 400


def product_card(turn: Turn, product: Product, shown: Recommendation | None, position: int, list_id: str, surface: str) -> dict[str, Any]:
    """Price and stock are the store's present ones. `shown` is None for a product the customer asked for by name."""
    return {
        "sku": product.sku,
        "title": product.title,
        "price": turn.money(product.price_minor, product.currency),
        "image": product.image_url,
        "url": f"/p/{product.sku}",
        "stock": stock_level(product.stock),
        "colour": product.colour,
        "size": product.size,
        "reason": shown.reason.text if shown else "",
        "list_id": list_id,
        "position": position,
        "id": product.id,
        "score": float(shown.score) if shown else 0.0,
        "contributions": {name: float(share) for name, share in shown.contributions.items()} if shown else {},
        "propensity": float(shown.propensity) if shown else 1.0,
        "surface": surface,
    }


def stock_level(stock: int) -> str:
    if stock <= 0:
        return "out"
    return "low" if stock <= LOW_STOCK else "in_stock"


def cart_payload(turn: Turn, cart: Cart) -> dict[str, Any]:
    lines = [
        {
            "sku": line.sku,
            "title": line.title,
            "quantity": line.quantity,
            "price": turn.money(line.price_minor, line.currency),
            "total": turn.money(line.total_minor, line.currency),
        }
        for line in cart.lines
    ]
    return {"cart": {"lines": lines, "count": cart.count, "total": turn.money(cart.subtotal_minor, cart.currency)}}


def order_payload(turn: Turn, order: Order, status: OrderStatus) -> dict[str, Any]:
    return {
        "order": {
            "number": order.number,
            "status": "late" if status.late else order.status,
            "placed": turn.date(order.placed_at),
            "expected": turn.date(order.expected_at),
            "total": turn.money(order.total_minor, order.currency),
            "lines": [{"title": line.title, "quantity": line.quantity} for line in order.lines],
            "tracking": order.tracking_number,
        }
    }


def link(title: str, url: str) -> dict[str, Any]:
    return {"links": [{"title": title, "url": url}]}


def in_words(lines: Iterable[tuple[int, str]]) -> str:
    """(2, "Mug"), (1, "Bowl") -> "2 x Mug, 1 x Bowl"."""
    return ", ".join(f"{quantity} x {title}" for quantity, title in lines)


def address_line(address: dict[str, str]) -> str:
    return ", ".join(
        part for part in (address.get(field, "") for field in ("name", "line1", "line2", "city", "postcode", "country")) if part
    )


def short(description: str) -> str:
    """Whole sentences of a description, as many as fit into a chat bubble."""
    if len(description) <= DESCRIPTION_CHARS:
        return description
    cut = description[:DESCRIPTION_CHARS]
    return cut[: cut.rfind(". ") + 1] or cut.rsplit(" ", 1)[0]
