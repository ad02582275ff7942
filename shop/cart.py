"""The cart: a customer's lines. Every change returns the cart as it then is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shop import interactions, promotions
from shop.commands import once
from shop.errors import ShopError
from shop.locks import serialise
from shop.models import CartLine, Product

MAX_QUANTITY = 99


@dataclass(frozen=True)
class Line:
    """Prices are the product's present ones, in minor units, less what a code on the cart takes off."""

    product_id: int
    sku: str
    title: str
    quantity: int
    price_minor: int
    total_minor: int
    currency: str
    stock: int
    image_url: str


@dataclass(frozen=True)
class Cart:
    """`count` is the number of units, `currency` empty when there are no lines."""

    lines: tuple[Line, ...]
    count: int
    subtotal_minor: int
    currency: str
    full_minor: int = 0  # the subtotal without the code on the cart


def view(session: Session, customer_id: int) -> Cart:
    query = select(CartLine, Product).join(Product, Product.id == CartLine.product_id).where(CartLine.customer_id == customer_id)
    rows = session.execute(query.order_by(CartLine.id)).all()
    code = promotions.on_cart(session, customer_id) if rows else None
    full = sum(line.quantity * product.price_minor for line, product in rows)
    percent = code.percent if code and full >= code.minimum_minor else 0
    lines = tuple(_line(line, product, percent) for line, product in rows)
    return Cart(lines, sum(x.quantity for x in lines), sum(x.total_minor for x in lines), lines[0].currency if lines else "", full)


def add(session: Session, customer_id: int, product_id: int, quantity: int = 1, *, key: str | None = None, source: str = "web") -> Cart:
    """Adds to what is there already and records the interaction; with an idempotency `key`, once.

    Raises ShopError: `no_such_product`; `out_of_stock` (available, in_cart); `too_many` (limit); `bad_quantity`; `mixed_currencies`.
    """

    def change() -> dict[str, int]:
        _check(quantity)
        serialise(session, f"cart:{customer_id}")
        line = _find(session, customer_id, product_id)
        in_cart = line.quantity if line else 0
        _put(session, customer_id, product_id, line, in_cart + quantity)
        interactions.record(session, customer_id, "cart", product_id, float(quantity), source=source, event_key=key and f"{key}:cart")
        return {"product_id": product_id, "quantity": in_cart + quantity}

    if key is None:
        change()
    else:
        once(session, key, "cart_add", change, customer_id)
    return view(session, customer_id)


def set_quantity(session: Session, customer_id: int, product_id: int, quantity: int) -> Cart:
    """The line's new quantity; 0 removes it. Raises what `add` raises, and ShopError `not_in_cart`."""
    if quantity == 0:
        return remove(session, customer_id, product_id)
    _check(quantity)
    serialise(session, f"cart:{customer_id}")
    line = _find(session, customer_id, product_id)
    if line is None:
        raise ShopError("not_in_cart", product_id=product_id)
    _put(session, customer_id, product_id, line, quantity)
    return view(session, customer_id)


def remove(session: Session, customer_id: int, product_id: int) -> Cart:
    """Removes the product's line; one that is not there is no error, so a repeat is harmless."""
    session.execute(delete(CartLine).where(CartLine.customer_id == customer_id, CartLine.product_id == product_id))
    return view(session, customer_id)


def swap(session: Session, customer_id: int, old: Line, new: Product, *, key: str, source: str = "web") -> dict[str, Any]:
    """`new` in place of the line `old`, as many of it, once: {"old", "new" (their titles), "product_id", "quantity"}.

    Raises what `add` raises; the old line stays then.
    """

    def change() -> dict[str, Any]:
        add(session, customer_id, new.id, old.quantity, key=f"{key}:add", source=source)
        remove(session, customer_id, old.product_id)
        return {"old": old.title, "new": new.title, "product_id": new.id, "quantity": old.quantity}

    return once(session, key, "cart_swap", change, customer_id)


def clear(session: Session, customer_id: int) -> None:
    promotions.remove(session, customer_id)
    session.execute(delete(CartLine).where(CartLine.customer_id == customer_id))


def _check(quantity: int) -> None:
    if quantity < 1:
        raise ShopError("bad_quantity", quantity=quantity)


def _find(session: Session, customer_id: int, product_id: int) -> CartLine | None:
    query = select(CartLine).where(CartLine.customer_id == customer_id, CartLine.product_id == product_id)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def _put(session: Session, customer_id: int, product_id: int, line: CartLine | None, quantity: int) -> None:
    in_cart = line.quantity if line else 0
    if quantity > MAX_QUANTITY:
        raise ShopError("too_many", limit=MAX_QUANTITY, in_cart=in_cart)
    product = session.get(Product, product_id, populate_existing=True)
    if product is None or not product.active:
        raise ShopError("no_such_product", product_id=product_id)
    if quantity > product.stock:
        raise ShopError("out_of_stock", available=product.stock, in_cart=in_cart, title=product.title)
    if line is not None:
        line.quantity = quantity
    else:
        present = view(session, customer_id).currency
        if present not in ("", product.currency):
            raise ShopError("mixed_currencies", cart=present, product=product.currency)
        session.add(CartLine(customer_id=customer_id, product_id=product_id, quantity=quantity))
    session.flush()


def _line(line: CartLine, product: Product, percent: int) -> Line:
    price = promotions.lowered(product.price_minor, percent)
    return Line(
        product.id,
        product.sku,
        product.title,
        line.quantity,
        price,
        line.quantity * price,
        product.currency,
        product.stock,
        product.image_url,
    )
