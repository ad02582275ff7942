"""A customer who asked is told once that a product is back or cheaper, in the same transaction as the mark."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from shop import alerts, consent
from shop.models import OutboxMessage, Product, ProductAlert
from worker.alerts import payload, tell_due


@pytest.fixture
def asked(talk, store):
    """asks(stock, below_minor) makes a customer who wants to be told of the lamp, which has that stock."""

    def ask(stock: int = 0, below_minor: int | None = None):
        customer = talk()
        with store.write() as session:
            lamp = session.get_one(Product, customer.lamp)
            lamp.stock = stock
            session.flush()
            alerts.ask(session, customer.customer, customer.conversation, lamp, f"{customer.public_id}:1", below_minor)
        return customer

    return ask


def told(store, customer) -> list[str]:
    with store.read() as session:
        rows = session.scalars(select(OutboxMessage).where(OutboxMessage.conversation_id == customer.conversation)).all()
        return [row.payload["text"] for row in rows]


def change(store, product_id: int, **columns) -> None:
    with store.write() as session:
        for name, value in columns.items():
            setattr(session.get_one(Product, product_id), name, value)


def test_a_product_that_is_back_is_told_once(store, settings, asked):
    customer = asked(stock=0)
    assert tell_due(store, settings) is False
    change(store, customer.lamp, stock=3)
    assert tell_due(store, settings) is True
    change(store, customer.lamp, stock=0)
    change(store, customer.lamp, stock=9)
    assert tell_due(store, settings) is False
    assert [("back in stock" in text, "£40.00" in text) for text in told(store, customer)] == [(True, True)]


def test_a_lower_price_is_told_and_one_that_is_not_low_enough_is_not(store, settings, asked):
    customer = asked(stock=5, below_minor=3500)
    change(store, customer.lamp, price_minor=3500)
    assert tell_due(store, settings) is False
    change(store, customer.lamp, price_minor=3499)
    assert tell_due(store, settings) is True
    assert "£34.99" in told(store, customer)[0]


def test_who_unsubscribed_or_took_the_wish_back_is_not_told(store, settings, asked):
    unsubscribed, withdrew = asked(), asked()
    with store.write() as session:
        consent.set_consent(session, unsubscribed.customer, alerts.PURPOSE, False, "chat")
        assert alerts.end(session, withdrew.customer) == 1
    for customer in (unsubscribed, withdrew):
        change(store, customer.lamp, stock=3)
    tell_due(store, settings)
    assert told(store, unsubscribed) == told(store, withdrew) == []


def test_asking_again_is_one_wish(store, settings, asked):
    customer = asked()
    with store.write() as session:
        again = alerts.ask(
            session, customer.customer, customer.conversation, session.get_one(Product, customer.lamp), f"{customer.public_id}:2"
        )
    assert again.new is False
    with store.read() as session:
        assert len(session.scalars(select(ProductAlert).where(ProductAlert.customer_id == customer.customer)).all()) == 1


def test_two_workers_tell_once(store, settings, asked):
    customer = asked()
    change(store, customer.lamp, stock=3)
    with store.read() as session:
        (alert,) = alerts.due(session)

    def tell(_: int) -> bool:
        with store.write() as session:
            return alerts.tell(session, alert, lambda kind, product: payload(settings, kind, product))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(tell, range(4))) == [False, False, False, True]
    assert len(told(store, customer)) == 1


def test_a_failure_while_telling_leaves_the_wish_open(store, settings, asked):
    customer = asked()
    change(store, customer.lamp, stock=3)
    with store.read() as session:
        (alert,) = alerts.due(session)
    with pytest.raises(ZeroDivisionError), store.write() as session:
        alerts.tell(session, alert, lambda kind, product: 1 / 0)
    assert tell_due(store, settings) is True
    assert len(told(store, customer)) == 1
