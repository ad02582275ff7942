from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.contract import Constraints
from recommender.filters import RELAXABLE, Table, averse_to, mask, merge, relaxations

COLOURS = ["", "Blue", "navy blue", "Gray", "grey", "red/white"]
MATERIALS = ["", "Wool", "80% wool, 20% silk", "faux leather", "Leather", "cotton"]
CATEGORIES = ["", "Home > Lighting > Candles", "Home > Lighting", "Garden"]
BRANDS = ["", "Acme", "Acme Kids"]
ASKED = {
    "colours": ["blue", "GREY", "navy blue", "white"],
    "materials": ["wool", "leather", "faux leather"],
    "categories": ["lighting", "candle", "Home > Lighting", "garden"],
    "brands": ["acme", "ACME kids"],
    "sizes": ["M", "large"],
}

items = st.lists(
    st.fixed_dictionaries(
        {
            "price": st.integers(0, 50),
            "stock": st.integers(0, 2),
            "active": st.booleans(),
            "colour": st.sampled_from(COLOURS),
            "material": st.sampled_from(MATERIALS),
            "category": st.sampled_from(CATEGORIES),
            "brand": st.sampled_from(BRANDS),
            "size": st.sampled_from(["", "M", "Medium", "Large", "XL"]),
        }
    ),
    max_size=12,
)
price = st.none() | st.integers(0, 50)
some = {name: st.lists(st.sampled_from(values), max_size=2).map(tuple) for name, values in ASKED.items()}
constraints = st.builds(
    Constraints, price_min=price, price_max=price, in_stock=st.booleans(), not_items=st.frozensets(st.integers(0, 11), max_size=3),
    **some, **{f"not_{name}": some[name] for name in ("colours", "materials", "categories", "brands")},
)  # fmt: skip


def table(rows) -> Table:
    columns = ["price", "stock", "active", "colour", "material", "category", "brand", "size"]
    return Table(pd.DataFrame(rows, columns=columns).assign(item=range(len(rows)), title="Thing"))


@settings(max_examples=60, deadline=None)  # deadlines measure the machine, not us
@given(items, constraints)
def test_nothing_that_was_ruled_out_is_let_through(rows, wanted):
    """Each constraint alone lets through all that every constraint together does: checked against the plainest reading of each."""
    for row, kept in zip(enumerate(rows), mask(table(rows), wanted), strict=True):
        position, item = row
        if not kept:
            continue
        assert item["active"]
        assert wanted.price_min is None or item["price"] >= wanted.price_min
        assert wanted.price_max is None or item["price"] <= wanted.price_max
        assert item["stock"] > 0 or not wanted.in_stock
        assert position not in wanted.not_items
        for name in wanted.not_materials:
            assert name.split()[-1].lower() not in item["material"].lower() or name == "faux leather"
        for name in wanted.not_brands:
            assert name.lower() != item["brand"].lower()
        for name in wanted.not_categories:
            assert name.split(" > ")[-1].lower() not in item["category"].lower()
        if "blue" in wanted.not_colours:
            assert "blue" not in item["colour"].lower()
        if wanted.colours == ("blue",):
            assert "blue" in item["colour"].lower()


@settings(max_examples=60, deadline=None)  # deadlines measure the machine, not us
@given(items, constraints)
def test_relaxing_lets_more_through_and_never_what_is_averse(rows, wanted):
    strict = mask(table(rows), wanted)
    averse = Constraints(in_stock=False, **{name: getattr(wanted, name) for name in vars(wanted) if name.startswith("not_")})
    tolerable = mask(table(rows), averse)
    for names, looser in relaxations(wanted):
        relaxed = mask(table(rows), looser)
        assert set(names) <= RELAXABLE.keys()
        assert (relaxed >= strict).all()
        assert (relaxed <= tolerable).all()


@settings(max_examples=60, deadline=None)  # deadlines measure the machine, not us
@given(items, constraints)
def test_masks_stay_right_when_prices_and_stock_change(rows, wanted):
    before = table(rows)
    mask(before, wanted)
    changed = before.items.assign(price=before.items["price"] + 7, stock=1 - before.items["stock"].clip(0, 1))
    assert (mask(before.with_live(changed), wanted) == mask(Table(changed), wanted)).all()


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("material", "80% wool, 20% silk", Constraints(materials=("wool",))),
        ("colour", "Gray", Constraints(colours=("grey",))),
        ("colour", "navy blue", Constraints(colours=("Blue",))),
        ("size", "Medium", Constraints(sizes=("M",))),
        ("category", "Home > Lighting > Candles", Constraints(categories=("lighting",))),
        ("category", "Home > Lighting > Candles", Constraints(categories=("Home > Lighting",))),
        ("category", "Home > Lighting > Candles", Constraints(categories=("candle",))),
        ("brand", "Acme", Constraints(brands=("ACME",))),
        ("title", "Red Enamel Mug", Constraints(colours=("red",))),
        ("title", "Wool Throw", Constraints(materials=("wool",))),
    ],
)
def test_these_satisfy(catalogue, column, value, wanted):
    assert mask(Table(catalogue({column: value})), wanted).all()


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("colour", "blue", Constraints(colours=("navy blue",))),
        ("material", "faux leather", Constraints(materials=("leather",))),
        ("material", "faux leather", Constraints(not_materials=("leather",))),
        ("title", "Wool Throw", Constraints(not_materials=("woollen",))),
        ("category", "Home > Lighting", Constraints(categories=("candles",))),
        ("brand", "Acme Kids", Constraints(brands=("Acme",))),
        ("stock", 0, Constraints()),
        ("active", False, Constraints(in_stock=False)),
    ],
)
def test_these_do_not(catalogue, column, value, wanted):
    assert not mask(Table(catalogue({column: value})), wanted).any()


def test_what_rules_out_all_that_is_meant_is_named(catalogue):
    rows = Table(catalogue({"material": "wool"}, {"material": "wool, silk"}, {"material": "cotton"}))
    never = Constraints(not_materials=("wool", "linen"))
    assert averse_to(rows, never, np.array([True, True, False])) == {"not_materials": ("wool",)}
    assert averse_to(rows, never, np.array([True, False, True])) == {}  # the cotton one is left
    assert averse_to(rows, never, np.zeros(3, bool)) == {}


def test_a_constraint_without_a_word_constrains_nothing(catalogue):
    assert mask(Table(catalogue({})), Constraints(colours=("  ",), not_brands=("!",))).all()


def test_merging_keeps_every_aversion_and_the_newer_wish():
    old = Constraints(colours=("red",), not_materials=("wool",), price_max=500, not_items=frozenset({1}))
    new = Constraints(colours=("blue",), not_materials=("leather", "wool"), not_items=frozenset({2}))
    merged = merge(old, new)
    assert merged == Constraints(colours=("blue",), not_materials=("wool", "leather"), price_max=500, not_items=frozenset({1, 2}))
