from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from shop import cart
from shop.errors import ShopError
from shop.models import Interaction


def test_a_cart_adds_up(store, factory):
    customer, mug, bowl = factory.guest(), factory.product(price_minor=1250), factory.product(price_minor=300)
    with store.write() as session:
        cart.add(session, customer.id, mug.id, 2)
        cart.add(session, customer.id, bowl.id)
        content = cart.add(session, customer.id, mug.id)
    assert [(line.sku, line.quantity, line.total_minor) for line in content.lines] == [(mug.sku, 3, 3750), (bowl.sku, 1, 300)]
    assert (content.count, content.subtotal_minor, content.currency) == (4, 4050, "GBP")


def test_an_empty_cart_is_a_cart(store, factory):
    with store.read() as session:
        assert cart.view(session, factory.guest().id) == cart.Cart((), 0, 0, "")


def test_adding_is_an_interaction_and_the_same_message_adds_once(store, factory):
    customer, mug = factory.guest(), factory.product()
    for _ in range(3):
        with store.write() as session:
            content = cart.add(session, customer.id, mug.id, 2, key="message-1:add", source="chat")
    assert content.count == 2
    with store.read() as session:
        events = session.scalars(select(Interaction)).all()
    assert [(e.kind, e.product_id, e.value, e.source) for e in events] == [("cart", mug.id, 2.0, "chat")]


def test_twenty_parallel_additions_all_count(store, factory):
    customer, mug = factory.guest(), factory.product(stock=50)

    def add(_) -> None:
        with store.write() as session:
            cart.add(session, customer.id, mug.id)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(add, range(20)))
    with store.read() as session:
        assert cart.view(session, customer.id).count == 20


@pytest.mark.parametrize(
    ("product", "quantity", "code", "fields"),
    [
        ({"stock": 3}, 4, "out_of_stock", {"available": 3, "in_cart": 0}),
        ({"stock": 500}, 100, "too_many", {"limit": 99, "in_cart": 0}),
        ({"active": False}, 1, "no_such_product", {}),
        ({}, 0, "bad_quantity", {"quantity": 0}),
        ({}, -2, "bad_quantity", {"quantity": -2}),
    ],
)
def test_what_cannot_be_added_is_refused_with_the_reason_and_changes_nothing(store, factory, product, quantity, code, fields):
    customer, mug = factory.guest(), factory.product(**product)
    with store.write() as session, pytest.raises(ShopError) as refusal:
        cart.add(session, customer.id, mug.id, quantity)
    assert refusal.value.code == code
    assert fields.items() <= refusal.value.fields.items()
    with store.read() as session:
        assert cart.view(session, customer.id).lines == ()


def test_the_stock_limits_what_is_in_the_cart_and_not_only_what_is_added(store, factory):
    customer, mug = factory.guest(), factory.product(stock=3)
    with store.write() as session:
        cart.add(session, customer.id, mug.id, 2)
    with store.write() as session, pytest.raises(ShopError) as refusal:
        cart.add(session, customer.id, mug.id, 2)
    assert refusal.value.fields["available"] == 3
    assert refusal.value.fields["in_cart"] == 2


def test_a_product_that_does_not_exist_is_refused(store, factory):
    with store.write() as session, pytest.raises(ShopError, match="no_such_product"):
        cart.add(session, factory.guest().id, 999_999)


def test_two_currencies_do_not_share_a_cart(store, factory):
    customer, pounds, euros = factory.guest(), factory.product(), factory.product(currency="EUR")
    with store.write() as session:
        cart.add(session, customer.id, pounds.id)
    with store.write() as session, pytest.raises(ShopError, match="mixed_currencies"):
        cart.add(session, customer.id, euros.id)


def test_a_line_is_set_removed_and_the_cart_emptied(store, factory):
    customer, mug, bowl = factory.guest(), factory.product(), factory.product()
    with store.write() as session:
        cart.add(session, customer.id, mug.id)
        cart.add(session, customer.id, bowl.id)
        assert cart.set_quantity(session, customer.id, mug.id, 5).count == 6
        assert cart.set_quantity(session, customer.id, mug.id, 0).count == 1
        assert cart.remove(session, customer.id, mug.id).count == 1
        with pytest.raises(ShopError, match="not_in_cart"):
            cart.set_quantity(session, customer.id, mug.id, 2)
        cart.clear(session, customer.id)
        assert cart.view(session, customer.id).lines == ()
