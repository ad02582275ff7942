"""Lists around a product."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from actions.recommend import price_bound


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("something similar but cheaper", {"price_max": 949}),
        ("like that, but less expensive", {"price_max": 949}),
        ("similar but more expensive", {"price_min": 951}),
        ("something similar", {}),
    ],
)
def test_similar_but_cheaper_means_below_its_price(text, bound):
    assert price_bound(text, SimpleNamespace(price_minor=950)) == bound
