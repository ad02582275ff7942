from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from shop import returns
from shop.errors import ShopError
from shop.models import Order, ReturnRequest

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)


@pytest.fixture
def delivered(factory) -> Order:
    """Two mugs at 12.50 and three bowls at 3.00, delivered ten days ago."""
    mug, bowl = factory.product(price_minor=1250), factory.product(price_minor=300)
    return factory.order(factory.customer(), [(mug, 2), (bowl, 3)], status="delivered", delivered_at=NOW - timedelta(days=10))


def ask(store, order, lines, key="return-1", at=NOW) -> ReturnRequest:
    with store.write() as session:
        return returns.request_return(session, order.id, lines, "too\x00 small", key, at)


def test_a_return_is_refunded_at_what_was_paid_and_asked_for_once(store, delivered):
    mugs = delivered.lines[0].id
    made = [ask(store, delivered, {mugs: 1}) for _ in range(3)]
    assert {r.number for r in made} == {made[0].number}
    assert made[0].number.startswith("RT-")
    assert (made[0].refund_minor, made[0].lines, made[0].status, made[0].reason) == (1250, {str(mugs): 1}, "requested", "too small")
    with store.read() as session:
        assert returns.refund_status(session, session.get(Order, delivered.id)) == [
            returns.RefundStatus(made[0].number, "requested", 1250, "GBP", NOW, None)
        ]


def test_what_is_left_may_be_returned_and_no_more(store, delivered):
    mugs, bowls = (line.id for line in delivered.lines)
    ask(store, delivered, {mugs: 1}, "first")
    with pytest.raises(ShopError) as refusal:
        ask(store, delivered, {mugs: 2}, "second")
    assert (refusal.value.code, refusal.value.fields["left"]) == ("bad_quantity", 1)
    rest = ask(store, delivered, None, "third")
    assert rest.lines == {str(mugs): 1, str(bowls): 3}
    with pytest.raises(ShopError, match="nothing_to_return"):
        ask(store, delivered, None, "fourth")


def test_a_rejected_return_leaves_its_products_returnable(store, delivered):
    first = ask(store, delivered, None, "first")
    with store.write() as session:
        session.get(ReturnRequest, first.id).status = "rejected"
    assert ask(store, delivered, None, "second").refund_minor == 3400


@pytest.mark.parametrize("quantity", [0, -1, 3])
def test_quantities_that_cannot_be_are_refused(store, delivered, quantity):
    with pytest.raises(ShopError, match="bad_quantity"):
        ask(store, delivered, {delivered.lines[0].id: quantity})


def test_a_line_of_another_order_is_refused(store, factory, delivered):
    other = factory.order(factory.customer(), [(factory.product(), 1)], status="delivered", delivered_at=NOW)
    with pytest.raises(ShopError, match="bad_quantity"):
        ask(store, delivered, {other.lines[0].id: 1})


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"status": "processing"}, "not_delivered"),
        ({"status": "shipped"}, "not_delivered"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "refunded", "delivered_at": NOW}, "returned"),
        ({"status": "delivered", "delivered_at": NOW - timedelta(days=30, seconds=1)}, "too_late"),
    ],
)
def test_an_order_that_cannot_be_returned_says_why(store, factory, columns, why):
    order = factory.order(factory.customer(), [(factory.product(), 1)], **columns)
    with pytest.raises(ShopError) as refusal:
        ask(store, order, None)
    assert (refusal.value.code, refusal.value.fields["why"]) == ("not_returnable", why)


def test_the_last_second_of_the_thirty_days_counts(store, factory):
    order = factory.order(factory.customer(), [(factory.product(), 1)], status="delivered", delivered_at=NOW - timedelta(days=30))
    assert ask(store, order, None).refund_minor == 1000


def test_ten_parallel_returns_of_two_mugs_return_two(store, delivered):
    mugs = delivered.lines[0].id

    def one(number: int) -> str:
        try:
            ask(store, delivered, {mugs: 1}, f"return-{number}")
        except ShopError as refusal:
            return refusal.code
        return "returned"

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(one, range(10))) == ["bad_quantity"] * 8 + ["returned"] * 2
    with store.read() as session:
        assert session.scalar(select(func.sum(ReturnRequest.refund_minor))) == 2500
