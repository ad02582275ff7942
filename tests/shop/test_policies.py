from __future__ import annotations

import os
from datetime import timedelta

import pytest
import yaml

from shop import delivery, points, policies, returns, warranty
from shop.models import Order, ReturnRequest, now


@pytest.fixture
def own_file(tmp_path):
    """A merchant's copy in force: a function that edits it."""
    path = tmp_path / "policies.yml"
    content = yaml.safe_load(policies.SHIPPED.read_text())
    stamps = iter(range(1, 100))

    def edit(**sections):
        content.update(sections)
        path.write_text(yaml.safe_dump(content))
        os.utime(path, ns=(next(stamps) * 10**9,) * 2)
        return path

    policies.use(edit())
    yield edit
    policies.use(None)


def test_a_merchants_file_is_in_force_at_once_and_after_every_edit(own_file):
    only = {"name": "boat", "title": "By boat", "cost": 1200, "free_from": 20_000, "days_min": 2, "days_max": 4}
    own_file(delivery={"options": [only], "countries": ["Norway"]}, returns={"days": 14, "refund_days": 7})
    assert delivery.usual() == "boat"
    assert (delivery.cost(100, "boat"), delivery.cost(20_000, "boat")) == (1200, 0)
    order = Order(delivered_at=now())
    assert returns.until(order) == order.delivered_at + timedelta(days=14)
    own_file(returns={"days": 60, "refund_days": 7})
    assert returns.until(order) == order.delivered_at + timedelta(days=60)


def test_a_slip_of_the_pen_leaves_the_last_good_policies_in_force(own_file, caplog):
    own_file(returns={"days": 14, "refund_days": 7})
    assert policies.current().returns.days == 14
    own_file(returns={"days": "a fortnight", "refund_days": 7})
    assert policies.current().returns.days == 14
    assert "returns.days" in caplog.text
    own_file(returns={"days": 21, "refund_days": 7})
    assert policies.current().returns.days == 21


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("returns: [", "cannot be read"),
        ("seller: {name: Shop}", "delivery: Field required"),
        ("", "Input should be a valid dictionary"),
    ],
)
def test_a_bad_file_is_refused_with_the_place_of_each_fault(tmp_path, text, fault):
    path = tmp_path / "policies.yml"
    path.write_text(text)
    with pytest.raises(policies.BadPolicies, match=fault):
        policies.use(path)


def test_an_unknown_key_and_contradicting_days_are_refused(tmp_path):
    content = yaml.safe_load(policies.SHIPPED.read_text())
    content["deliverry"] = {}
    content["delivery"]["options"][0]["days_min"] = 9
    path = tmp_path / "policies.yml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(policies.BadPolicies) as refused:
        policies.read(path)
    assert "deliverry" in str(refused.value)
    assert "days_min is more than days_max in standard" in str(refused.value)


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(policies.BadPolicies, match=r"nowhere\.yml"):
        policies.use(tmp_path / "nowhere.yml")


def test_a_categorys_own_warranty_beats_the_general_one():
    assert warranty.months("Home > Lighting > Lamps") == 36
    assert warranty.months("Home > Lighting > Candles") == 0
    assert warranty.months("Clothing") == 24


def test_points_are_earned_with_what_was_delivered_and_kept(store, factory):
    customer, mug = factory.customer(), factory.product(price_minor=1250)
    kept = factory.order(customer, [(mug, 2)], status="delivered")
    factory.order(customer, [(mug, 4)], status="processing")
    with store.write() as session:
        assert points.earned(session, customer.id) == 25
        session.add(ReturnRequest(number="RT-1", order_id=kept.id, lines={}, refund_minor=1250))
        session.flush()
        assert points.earned(session, customer.id) == 12


def test_points_count_order_by_order():
    assert points.points_for([(1, 199), (2, 199)], {}, 100) == 2
    assert points.points_for([(1, 199)], {1: 500}, 100) == 0
