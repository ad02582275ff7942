"""The demo shop is large enough, whole, repeatable, and has something true in it for collaborative filtering to find."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import func, select

from shop.demo import load_demo
from shop.demo.articles import articles
from shop.migrate import migrate
from shop.models import Base, Customer, Interaction, Order, OrderLine, Product, ReturnRequest
from shop.store import Store

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Store:
    return demo(tmp_path_factory.mktemp("demo"))


def demo(folder, now: datetime = NOW, seed: int = 7) -> Store:
    store = Store(f"sqlite:///{folder / 'shop.db'}")
    migrate(store)
    assert load_demo(store, seed, now=now).loaded
    return store


def digest(store: Store) -> str:
    """Of every row of every table but the customers' random public ids."""
    found = hashlib.sha256()
    with store.read() as session:
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.c if column.name != "public_id"]
            for row in session.execute(select(*columns).order_by(*table.primary_key)):
                found.update(repr(tuple(row)).encode())
    return found.hexdigest()


def test_the_same_seed_and_moment_give_the_same_shop_and_another_seed_another(shop, tmp_path):
    for name in ("again", "other"):
        (tmp_path / name).mkdir()
    assert digest(demo(tmp_path / "again")) == digest(shop)
    assert digest(demo(tmp_path / "other", seed=8)) != digest(shop)


def test_it_loads_on_either_database_and_only_once(store):
    first = load_demo(store, now=NOW)
    assert first.loaded
    before = digest(store)
    assert not load_demo(store, seed=99).loaded
    assert digest(store) == before


def test_it_is_large_enough(shop):
    with shop.read() as session:
        assert session.scalar(select(func.count(Product.id))) >= 260
        assert session.scalar(select(func.count(Customer.id))) == 400
        assert session.scalar(select(func.count(Interaction.id))) >= 15_000
        kinds = dict(session.execute(select(Interaction.kind, func.count()).group_by(Interaction.kind)).all())
        assert set(kinds) == {"view", "search", "click", "cart", "purchase", "rating"}
        departments = {path.split(" > ")[0] for path in session.scalars(select(Product.category_path))}
        assert len(departments) >= 9


def test_every_product_is_complete_and_some_are_scarce_or_sold_out(shop):
    with shop.read() as session:
        products = session.scalars(select(Product)).all()
    for product in products:
        assert all((product.title, product.brand, product.colour, product.material, product.tags)), product.sku
        assert product.description.count(".") >= 2, product.sku
        assert product.image_url == f"/images/{product.sku}.svg"
        assert product.price_minor > 0
    assert any(product.stock == 0 for product in products)
    assert any(0 < product.stock < 5 for product in products)
    assert len({product.description for product in products}) == len(products)
    groups = pd.Series([product.group_key for product in products]).value_counts()
    assert (groups > 1).sum() > 50


def test_complements_named_in_the_catalogue_exist():
    catalogue = articles()
    titles = {article.title for article in catalogue}
    assert not [name for article in catalogue for name in article.goes_with if name not in titles]


def test_orders_are_in_every_state_with_times_that_make_sense(shop):
    with shop.read() as session:
        orders = session.scalars(select(Order)).all()
        returns = {row.order_id: row for row in session.scalars(select(ReturnRequest))}
    assert {order.status for order in orders} == {"processing", "shipped", "delivered", "returned", "refunded", "cancelled"}
    assert sum(order.status == "shipped" and order.expected_at < NOW for order in orders) >= 3
    for order in orders:
        moments = [m for m in (order.placed_at, order.shipped_at, order.delivered_at) if m]
        assert moments == sorted(moments), order.external_id
        assert max(moments) <= NOW, order.external_id
        assert order.total_minor == order.subtotal_minor + order.shipping_minor
        assert (order.id in returns) == (order.status in ("returned", "refunded"))
        assert (order.cancelled_at is not None) == (order.status == "cancelled")


def test_purchases_are_exactly_the_lines_of_orders_that_were_not_cancelled(shop):
    with shop.read() as session:
        line = select(Order.customer_id, OrderLine.product_id, Order.placed_at, OrderLine.quantity)
        lines = session.execute(line.join(OrderLine, OrderLine.order_id == Order.id).where(Order.status != "cancelled")).all()
        bought = session.execute(
            select(Interaction.customer_id, Interaction.product_id, Interaction.at, Interaction.value).where(Interaction.kind == "purchase")
        ).all()
    assert sorted(map(tuple, lines)) == sorted(map(tuple, bought))


def test_subtotals_are_the_sums_of_the_lines(shop):
    with shop.read() as session:
        total = func.sum(OrderLine.quantity * OrderLine.unit_price_minor)
        wrong = session.execute(
            select(Order.id).join(OrderLine, OrderLine.order_id == Order.id).group_by(Order.id).having(total != Order.subtotal_minor)
        ).all()
    assert not wrong


def test_emma_hughes_has_one_order_in_hand_one_late_and_one_delivered(shop):
    with shop.read() as session:
        emma = session.scalars(select(Customer).where(Customer.email == "emma.hughes@example.com")).one()
        orders = session.scalars(select(Order).where(Order.customer_id == emma.id).order_by(Order.placed_at.desc())).all()
    assert emma.external_id == "cust-001"
    assert [order.status for order in orders] == ["processing", "delivered", "shipped"]
    assert orders[2].expected_at < NOW - timedelta(days=1)


def test_item_neighbours_beat_popularity_on_a_split_in_time(shop):
    with shop.read() as session:
        rows = session.execute(
            select(Interaction.customer_id, Interaction.product_id, Interaction.at)
            .where(Interaction.product_id.is_not(None), Interaction.kind != "rating")
            .order_by(Interaction.at)
        ).all()
    events = pd.DataFrame(rows, columns=["user", "item", "at"])
    cut = events["at"].iloc[int(0.8 * len(events))]
    past, future = events[events["at"] < cut], events[events["at"] >= cut]
    seen = np.zeros((events["user"].max() + 1, events["item"].max() + 1))
    seen[past["user"], past["item"]] = 1
    together = seen.T @ seen
    counts = np.diag(together).copy()
    cosine = together / np.sqrt(np.outer(counts, counts) + 1e-9) * (1 - np.eye(len(counts)))
    popular, neighbours = recall(np.tile(counts, (len(seen), 1)), seen, future), recall(seen @ cosine, seen, future)
    assert neighbours > 1.5 * popular
    assert neighbours > 0.2


def recall(scores: np.ndarray, seen: np.ndarray, future: pd.DataFrame) -> float:
    """Mean Recall@10 of what each known customer turns to next and has not seen before."""
    found = []
    for user, rows in future.groupby("user"):
        targets = {item for item in rows["item"] if not seen[user, item]}
        if targets and seen[user].any():
            top = np.argsort(-np.where(seen[user] > 0, -np.inf, scores[user]))[:10]
            found.append(len(targets & set(top.tolist())) / min(10, len(targets)))
    return float(np.mean(found))
