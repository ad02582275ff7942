"""The geometry of charts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import charts


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.lists(st.integers(0, 10**6), max_size=60))
def test_bars_stand_on_the_floor_and_are_as_high_as_their_values(values, compared):
    chart = charts.bars(values, [str(k) for k in range(len(values))], compared)
    top = chart.ticks[-1][1]
    assert max([*values, *compared]) <= top
    for bar, value in zip(chart.bars, values, strict=True):
        assert bar.y + bar.height == pytest.approx(charts.floor())
        assert bar.height == pytest.approx((charts.floor() - charts.TOP) * value / top)


def test_pieces_of_a_stacked_bar_lie_on_each_other():
    chart = charts.stacked({"web": [3, 0], "email": [1, 2]}, ["a", "b"])
    web, email, alone = chart.bars
    assert email.y + email.height == pytest.approx(web.y)
    assert (alone.name, alone.y + alone.height) == ("email", pytest.approx(charts.floor()))


def test_a_line_breaks_where_nothing_was_counted_and_a_lone_value_is_a_point():
    assert charts.spark([1.0, 2.0, None, 0.0], 120, 24) == ["0.0,12.0 40.0,2.0", "120.0,22.0 120.0,22.0"]
    assert charts.spark([None, 1.0]) == charts.spark([]) == [], "a line needs two values"
