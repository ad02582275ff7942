from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from shop.commands import once
from shop.errors import ShopError
from shop.models import AppliedCommand, ConsentEvent, Customer


def test_twenty_parallel_deliveries_change_the_shop_once_and_all_get_the_same_answer(store, factory):
    customer = factory.guest()

    def deliver(number: int) -> dict:
        def change() -> dict:
            session.add(ConsentEvent(customer_id=customer.id, purpose="marketing", granted=True, source="chat"))
            session.flush()
            time.sleep(0.02)  # the others arrive in the middle of it
            return {"made_by": number}

        with store.write() as session:
            return once(session, "message-1", "test", change, customer.id)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(deliver, range(20)))

    assert len({answer["made_by"] for answer in answers}) == 1
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(ConsentEvent)) == 1


def test_a_change_that_fails_leaves_nothing_even_if_the_caller_carries_on_and_may_be_tried_again(store, factory):
    customer = factory.customer(name="Ada")

    def fail() -> dict:
        session.get(Customer, customer.id).name = "Eve"
        session.flush()
        raise ShopError("empty_cart")

    with store.write() as session:
        with pytest.raises(ShopError, match="empty_cart"):
            once(session, "key", "test", fail)
        assert session.scalar(select(func.count()).select_from(AppliedCommand)) == 0
    with store.write() as session:
        assert session.get(Customer, customer.id).name == "Ada"
        assert once(session, "key", "test", lambda: {"done": True}) == {"done": True}


def test_a_key_is_no_way_to_read_anothers_result(store, factory):
    one, other = factory.customer(), factory.customer()
    with store.write() as session:
        once(session, "key", "test", lambda: {"secret": 1}, one.id)
    for kind, customer in (("test", other), ("else", one)):
        with store.write() as session, pytest.raises(ShopError, match="key_reused"):
            once(session, "key", kind, dict, customer.id)


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_that_cannot_be_stored_is_refused(store, key):
    with store.write() as session, pytest.raises(ValueError, match="1 to 200"):
        once(session, key, "test", dict)
