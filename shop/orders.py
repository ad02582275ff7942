"""Placing orders, finding them, and changing them before they leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop import cart, delivery, interactions, returns
from shop.addresses import checked_address, checked_email
from shop.commands import once
from shop.errors import ShopError
from shop.locks import serialise
from shop.models import Customer, Order, OrderLine, Product, now
from shop.numbers import new_number, normalise

OPEN = ("processing", "shipped")


@dataclass(frozen=True)
class OrderStatus:
    """What holds for an order at a moment. `why_not_returnable`: "" or not_delivered, too_late, cancelled, returned."""

    number: str
    status: str
    late: bool
    days_late: int
    cancellable: bool
    changeable: bool
    returnable: bool
    return_until: datetime | None
    why_not_returnable: str


def checkout(
    session: Session,
    customer_id: int,
    key: str,
    address: Mapping[str, str],
    email: str,
    shipping: str = "",
    source: str = "web",
    at: datetime | None = None,
) -> Order:
    """Turns the cart into an order, once for each `key`: takes the stock, records the purchases, empties the cart. `shipping`: a delivery
    option's name, "" is the usual one.

    Raises ShopError: `empty_cart`; `out_of_stock` (available, title); `no_such_product`; `bad_address`; `bad_email`; `no_such_delivery`.
    """

    def change() -> dict[str, int]:
        order = _place(session, customer_id, checked_address(address), checked_email(email), shipping or delivery.usual(), at or now())
        for line in order.lines:
            event = f"{key}:purchase:{line.product_id}"[:120]
            quantity = float(line.quantity)
            interactions.record(
                session, customer_id, "purchase", line.product_id, quantity, source=source, event_key=event, at=order.placed_at
            )
        return {"order_id": order.id}

    return _order(session, once(session, key, "checkout", change, customer_id)["order_id"])


def orders_of(session: Session, customer_id: int, limit: int = 50) -> list[Order]:
    """Newest first."""
    query = select(Order).where(Order.customer_id == customer_id).order_by(Order.placed_at.desc(), Order.id.desc())
    return list(session.scalars(query.limit(limit)))


def by_number(session: Session, number: str) -> Order | None:
    """Case, spaces and missing dashes do not matter."""
    plain = normalise(number)
    return session.scalars(select(Order).where(Order.number == plain)).one_or_none() if plain else None


def status_of(order: Order, at: datetime) -> OrderStatus:
    late = order.status in OPEN and order.expected_at is not None and order.expected_at < at
    until = returns.until(order)
    why_not = returns.why_not(order, at)
    return OrderStatus(
        number=order.number,
        status=order.status,
        late=late,
        days_late=max((at.date() - order.expected_at.date()).days, 1) if late and order.expected_at else 0,
        cancellable=order.status == "processing",
        changeable=order.status == "processing",
        returnable=not why_not,
        return_until=until,
        why_not_returnable=why_not,
    )


def cancel(session: Session, order_id: int, key: str, at: datetime | None = None) -> Order:
    """Cancels an order that has not left and puts its products back on the shelf. Raises ShopError `not_cancellable` (status)."""

    def change() -> dict[str, int]:
        order = _processing(session, order_id, "not_cancellable")
        order.status, order.cancelled_at = "cancelled", at or now()
        for line in sorted(order.lines, key=lambda line: line.product_id or 0):
            _restock(session, line.product_id, line.quantity)
        return {"order_id": order.id}

    once(session, key, "order_cancel", change)
    return _order(session, order_id)


def change_address(session: Session, order_id: int, address: Mapping[str, str], key: str) -> Order:
    """Raises ShopError `not_changeable` (status), `bad_address` (missing)."""

    def change() -> dict[str, int]:
        order = _processing(session, order_id, "not_changeable")
        order.address = checked_address(address)
        return {"order_id": order.id}

    once(session, key, "order_address", change)
    return _order(session, order_id)


def change_quantity(session: Session, order_id: int, line_id: int, quantity: int, key: str) -> Order:
    """Changes a line of an order that has not left; 0 removes it. Stock, totals and delivery cost follow.

    Raises ShopError: `not_changeable` (status); `no_such_line`; `last_line` (cancel instead); `too_many`; `bad_quantity`; `out_of_stock`.
    """

    def change() -> dict[str, int]:
        order = _processing(session, order_id, "not_changeable")
        line = next((line for line in order.lines if line.id == line_id), None)
        if line is None:
            raise ShopError("no_such_line", line_id=line_id)
        _change_line(session, order, line, quantity)
        return {"order_id": order.id}

    once(session, key, "order_quantity", change)
    return _order(session, order_id)


def _change_line(session: Session, order: Order, line: OrderLine, quantity: int) -> None:
    if quantity < 0:
        raise ShopError("bad_quantity", quantity=quantity)
    if quantity > cart.MAX_QUANTITY:
        raise ShopError("too_many", limit=cart.MAX_QUANTITY, in_cart=line.quantity)
    if quantity == 0 and len(order.lines) == 1:
        raise ShopError("last_line", number=order.number)
    if quantity > line.quantity:
        _take(session, line.product_id, quantity - line.quantity, line.title)
    else:
        _restock(session, line.product_id, line.quantity - quantity)
    if quantity:
        line.quantity = quantity
    else:
        order.lines.remove(line)
    order.subtotal_minor = sum(x.quantity * x.unit_price_minor for x in order.lines)
    # An order placed elsewhere, or with an option the shop has since given up, keeps the delivery cost it was given.
    if order.external_id is None and order.delivery in delivery.options():
        order.shipping_minor = delivery.cost(order.subtotal_minor, order.delivery)
    order.total_minor = order.subtotal_minor + order.shipping_minor


def _place(session: Session, customer_id: int, address: dict[str, str], email: str, shipping: str, at: datetime) -> Order:
    serialise(session, f"cart:{customer_id}")
    content = cart.view(session, customer_id)
    if not content.lines:
        raise ShopError("empty_cart")
    for line in sorted(content.lines, key=lambda line: line.product_id):  # one order of locking for all: no deadlock
        _take(session, line.product_id, line.quantity, line.title)
    cost = delivery.cost(content.subtotal_minor, shipping)
    order = Order(
        number=new_number(),
        customer_id=customer_id,
        email=email,
        currency=content.currency,
        subtotal_minor=content.subtotal_minor,
        shipping_minor=cost,
        total_minor=content.subtotal_minor + cost,
        address=address,
        delivery=shipping,
        placed_at=at,
        expected_at=delivery.expected(at, shipping),
        lines=[
            OrderLine(product_id=x.product_id, title=x.title, quantity=x.quantity, unit_price_minor=x.price_minor) for x in content.lines
        ],
    )
    session.add(order)
    cart.clear(session, customer_id)
    customer = session.get_one(Customer, customer_id)
    if not customer.is_guest and not customer.address:
        customer.address = address
    session.flush()
    return order


def _take(session: Session, product_id: int | None, quantity: int, title: str) -> None:
    """Lowers the stock if there is enough. The condition stands in the UPDATE itself, so two buyers cannot both get the last one."""
    there = update(Product).where(Product.id == product_id, Product.active, Product.stock >= quantity)
    if session.execute(there.values(stock=Product.stock - quantity), execution_options={"synchronize_session": False}).rowcount:
        return
    product = session.get(Product, product_id, populate_existing=True) if product_id is not None else None
    if product is None or not product.active:
        raise ShopError("no_such_product", product_id=product_id, title=title)
    raise ShopError("out_of_stock", available=product.stock, in_cart=quantity, title=title)


def _restock(session: Session, product_id: int | None, quantity: int) -> None:
    back = update(Product).where(Product.id == product_id).values(stock=Product.stock + quantity)
    session.execute(back, execution_options={"synchronize_session": False})


def _processing(session: Session, order_id: int, refusal: str) -> Order:
    """The order, held until the transaction ends. Raises ShopError `refusal` when it has left or was cancelled."""
    query = select(Order).where(Order.id == order_id).with_for_update()
    order = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if order is None:
        raise ShopError("no_such_order", order_id=order_id)
    if order.status != "processing":
        raise ShopError(refusal, status=order.status, number=order.number)
    session.refresh(order, ["lines"])
    return order


def _order(session: Session, order_id: int) -> Order:
    """With its lines loaded, so that it can be read after the transaction."""
    session.flush()
    order = session.get_one(Order, order_id)
    session.refresh(order)
    _ = order.lines
    return order
