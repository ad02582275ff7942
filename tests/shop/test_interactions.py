from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from shop.interactions import record
from shop.models import Interaction


def test_a_repeated_event_is_stored_once(store, factory):
    customer, product = factory.guest(), factory.product()

    def send(_) -> bool:
        with store.write() as session:
            return record(session, customer.id, "view", product.id, event_key="event-1")

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(send, range(10))) == [False] * 9 + [True]
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Interaction)) == 1


def test_a_search_keeps_its_words_cleaned_and_cut(store, factory):
    customer = factory.guest()
    with store.write() as session:
        assert record(session, customer.id, "search", query=" blue\x00\n mug " + "x" * 400)
    with store.read() as session:
        query = session.scalar(select(Interaction.query))
    assert query.startswith("blue mug xxx")
    assert len(query) == 300


def test_an_event_about_nobody_or_nothing_is_ignored_and_the_transaction_goes_on(store, factory):
    customer, product = factory.guest(), factory.product()
    with store.write() as session:
        assert not record(session, 999_999, "view", product.id)
        assert not record(session, customer.id, "view", 999_999)
        assert record(session, customer.id, "view", product.id)


@pytest.mark.parametrize(("kind", "about"), [("stare", {"product_id": 1}), ("view", {}), ("search", {"query": " "})])
def test_an_event_without_sense_is_an_error(store, factory, kind, about):
    with store.write() as session, pytest.raises(ValueError):
        record(session, 1, kind, **about)
