"""Writes the demo shop into an empty store, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from shop.demo.articles import articles, product_rows, sku
from shop.demo.behaviour import Act, behave, shuffled
from shop.demo.orders import Purchase, order_row, purchases, return_row
from shop.demo.people import Person, people
from shop.models import Customer, Interaction, Order, OrderLine, Product, ReturnRequest, public_id
from shop.models import now as wall_clock
from shop.store import Store


@dataclass(frozen=True)
class DemoReport:
    """What was written; `loaded` is False, and all counts 0, where the store already had products."""

    loaded: bool
    products: int = 0
    customers: int = 0
    orders: int = 0
    interactions: int = 0


def load_demo(store: Store, seed: int = 7, progress: Callable[[str], None] | None = None, now: datetime | None = None) -> DemoReport:
    """Fills an empty store; does nothing where any product exists. `progress` is told of each step.

    The same seed and the same `now` (aware; default: the present hour) give the same content, save the customers' random public ids.
    """
    say = progress or (lambda step: None)
    now = now or wall_clock().replace(minute=0, second=0, microsecond=0)
    with store.write() as session:
        if session.scalar(select(Product.id).limit(1)) is not None:
            return DemoReport(loaded=False)
        say("drawing catalogue and customers")
        catalogue = articles()
        persons = people(shuffled(seed, 1), now)
        rows = product_rows(catalogue, shuffled(seed, 2), now)
        units = _units(session, rows)
        customers = _customers(session, persons)
        say("acting out their visits")
        acts = behave(catalogue, persons, seed, now)
        bought = purchases(acts, persons, catalogue, shuffled(seed, 3), now)
        prices = {row["sku"]: row for row in rows}
        skus = {(a, u): sku(article, u) for a, article in enumerate(catalogue) for u in range(len(article.units))}
        say("writing orders and interactions")
        _orders(session, bought, persons, customers, lambda key: (units[skus[key]], prices[skus[key]]), seed, now)
        events = _interactions(acts, bought, customers, lambda key: units[skus[key]])
        session.execute(insert(Interaction), events)
    return DemoReport(True, len(rows), len(persons), len(bought), len(events))


def _units(session: Session, rows: list[dict[str, Any]]) -> dict[str, int]:
    session.execute(insert(Product), rows)
    return dict(session.execute(select(Product.sku, Product.id)).all())


def _customers(session: Session, persons: list[Person]) -> list[int]:
    session.execute(insert(Customer), [person.row() | {"public_id": public_id()} for person in persons])
    ids = dict(session.execute(select(Customer.external_id, Customer.id).where(Customer.external_id.startswith("cust-"))).all())
    return [ids[person.external_id] for person in persons]


def _orders(session: Session, bought: list[Purchase], persons: list[Person], customers: list[int], unit, seed: int, now: datetime) -> None:
    """`unit((article, unit))` gives a unit's product id and its row."""
    rng = shuffled(seed, 4)
    rows = []
    for k, order in enumerate(bought):
        subtotal = sum(unit((a, u))[1]["price_minor"] * quantity for a, u, quantity in order.lines)
        rows.append(order_row(k, order, persons[order.person], subtotal, rng, now) | {"customer_id": customers[order.person]})
    session.execute(insert(Order), rows)
    ids = dict(session.execute(select(Order.external_id, Order.id).where(Order.external_id.startswith("demo-"))).all())
    lines = []
    for order, row in zip(bought, rows, strict=True):
        for a, u, quantity in order.lines:
            product_id, product = unit((a, u))
            lines.append(
                {
                    "order_id": ids[row["external_id"]],
                    "product_id": product_id,
                    "title": product["title"],
                    "quantity": quantity,
                    "unit_price_minor": product["price_minor"],
                }
            )
    session.execute(insert(OrderLine), lines)
    by_order: dict[int, dict[int, int]] = {}
    for line_id, order_id, quantity in session.execute(select(OrderLine.id, OrderLine.order_id, OrderLine.quantity).order_by(OrderLine.id)):
        by_order.setdefault(order_id, {})[line_id] = quantity
    back = [row for row in rows if row["status"] in ("returned", "refunded")]
    session.execute(
        insert(ReturnRequest), [return_row(row, by_order[ids[row["external_id"]]], ids[row["external_id"]], rng) for row in back]
    )


def _interactions(acts: list[Act], bought: list[Purchase], customers: list[int], unit_id) -> list[dict[str, Any]]:
    """The acts, with the purchases taken from the orders so that both agree; a cancelled order is no purchase, and is not rated."""
    cancelled = {(o.person, a, u) for o in bought if o.fate == "cancelled" for a, u, _ in o.lines}
    rows = [_event(act, customers, unit_id) for act in acts if act.kind != "purchase" and not _void(act, cancelled)]
    for k, order in enumerate(bought):
        if order.fate == "cancelled":
            continue
        repeats: Counter[tuple[int, int]] = Counter()
        for a, u, quantity in order.lines:
            if order.documented:
                seen = Act(order.person, -1, a, u, "view", order.at - timedelta(minutes=6))
                rows.append(_event(seen, customers, unit_id))
            repeats[a, u] += 1
            act = Act(order.person, -1, a, u, "purchase", order.at, float(quantity))
            rows.append(_event(act, customers, unit_id) | {"event_key": f"demo-{k + 1:05d}:{a}.{u}.{repeats[a, u]}"})
    return sorted(rows, key=lambda row: (row["at"], row["customer_id"]))


def _void(act: Act, cancelled: set[tuple[int, int, int]]) -> bool:
    return act.kind == "rating" and (act.person, act.article, act.unit) in cancelled


def _event(act: Act, customers: list[int], unit_id) -> dict[str, Any]:
    return {
        "customer_id": customers[act.person],
        "product_id": None if act.article is None else unit_id((act.article, act.unit)),
        "kind": act.kind,
        "value": act.value,
        "query": act.query,
        "source": "demo",
        "event_key": None,
        "at": act.at,
        "profiled_at": None,
    }
