from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shop import delivery
from shop.errors import ShopError


@pytest.mark.parametrize(
    ("subtotal", "name", "cost"),
    [(0, "standard", 395), (4999, "standard", 395), (5000, "standard", 0), (4999, "express", 795), (99_999, "express", 795)],
)
def test_delivery_is_free_from_a_subtotal_on(subtotal, name, cost):
    assert delivery.cost(subtotal, name) == cost


@pytest.mark.parametrize(
    ("placed", "name", "arrives"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=UTC), "standard", "2026-03-09"),  # Monday morning: five working days
        (datetime(2026, 3, 2, 14, tzinfo=UTC), "standard", "2026-03-10"),  # after the day's parcels have left
        (datetime(2026, 3, 6, 9, tzinfo=UTC), "express", "2026-03-10"),  # Friday: over the weekend
        (datetime(2026, 3, 7, 20, tzinfo=UTC), "express", "2026-03-10"),  # Saturday evening leaves on Monday like Saturday morning
    ],
)
def test_the_expected_day_counts_working_days(placed, name, arrives):
    assert delivery.expected(placed, name).date().isoformat() == arrives


def test_an_unknown_way_of_delivery_is_refused():
    with pytest.raises(ShopError) as refusal:
        delivery.cost(100, "by owl")
    assert refusal.value.fields["options"] == ["standard", "express"]
