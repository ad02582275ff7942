"""Codes lower the prices of a cart, and so of the order; bad, early and late codes do not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop import cart, orders, promotions
from shop.errors import ShopError
from shop.models import now

ADDRESS = {"name": "Ada Wren", "line1": "1 Old Road", "city": "York", "postcode": "YO1 7HH"}


@pytest.fixture
def full(store, factory):
    """A guest with two of a product at 10.05 in the cart."""
    guest, mug = factory.guest(), factory.product(price_minor=1005)
    with store.write() as session:
        cart.add(session, guest.id, mug.id, 2)
    return guest


def test_a_code_lowers_each_price_and_the_order_keeps_it(store, full):
    with store.write() as session:
        promotions.create(session, "ten-off", 10)
        promotions.apply(session, full.id, " Ten-Off ")
        content = cart.view(session, full.id)
        assert (content.lines[0].price_minor, content.subtotal_minor, content.full_minor) == (905, 1810, 2010)
        order = orders.checkout(session, full.id, "k1", ADDRESS, "ada@example.com")
        assert (order.lines[0].unit_price_minor, order.subtotal_minor) == (905, 1810)
        assert promotions.on_cart(session, full.id) is None


def test_a_code_counts_from_its_minimum_and_until_its_end(store, full):
    with store.write() as session:
        promotions.create(session, "BIG", 50, minimum_minor=2011)
        promotions.apply(session, full.id, "big")
        assert cart.view(session, full.id).subtotal_minor == 2010
        promotions.create(session, "NOW", 50, minimum_minor=2010)
        promotions.apply(session, full.id, "NOW")
        assert cart.view(session, full.id).subtotal_minor == 1006  # 5.025 is 5.03
        assert promotions.end(session, "now")
        assert cart.view(session, full.id).subtotal_minor == 2010


def test_codes_that_do_not_hold_are_refused(store, full):
    with store.write() as session:
        promotions.create(session, "OLD", 10, ends_at=now() - timedelta(days=1))
        for code, reason in (("NEVER", "no_such_code"), ("old", "code_ended")):
            with pytest.raises(ShopError) as refused:
                promotions.apply(session, full.id, code)
            assert refused.value.code == reason


@pytest.mark.parametrize(("code", "percent", "reason"), [("A", 10, "bad_code"), ("TEN OFF", 10, "bad_code"), ("TENOFF", 91, "bad_percent")])
def test_a_promotion_must_make_sense(store, code, percent, reason):
    with store.write() as session, pytest.raises(ShopError) as refused:
        promotions.create(session, code, percent)
    assert refused.value.code == reason


def test_a_code_exists_once(store):
    with store.write() as session:
        promotions.create(session, "TEN", 10, public=True)
        with pytest.raises(ShopError, match="code_exists"):
            promotions.create(session, "ten", 20)
        assert [promotion.percent for promotion in promotions.running(session, public=True)] == [10]


@pytest.mark.parametrize(("price", "percent", "expected"), [(1, 10, 1), (5, 10, 5), (1005, 10, 905), (999, 33, 669), (0, 90, 0)])
def test_prices_are_rounded_half_up(price, percent, expected):
    assert promotions.lowered(price, percent) == expected
