"""Items that nobody had reach a list by what their texts say, in the measure of their share of the catalogue."""

import numpy as np
import pytest

from recommender.blend import Blend
from recommender.chance import LOWEST, MOST, chance

SIZE, NEW = 4000, 400
NOBODY = np.empty(0, np.int64)


@pytest.fixture
def support():
    return np.where(np.arange(SIZE) < NEW, 0, 50)


@pytest.fixture
def total():
    """What nobody had scores half of what the others do."""
    return (np.random.default_rng(3).random(SIZE) * np.where(np.arange(SIZE) < NEW, 0.5, 1.0)).astype(np.float32)


def in_the_list(total, new=NEW):
    return int((np.argsort(-total)[:10] < new).sum())


def mean_in_the_lists(new, support):
    """Of 40 customers' ten best, how many on average are `new` ones, which score half of what the others do."""
    random, raising = np.random.default_rng(4), chance(support)
    totals = [random.exponential(size=SIZE).astype(np.float32) * np.where(np.arange(SIZE) < new, 0.5, 1.0) for _ in range(40)]
    factors = [factor if (factor := raising.factor(total, NOBODY)) is not None else 1.0 for total in totals]
    return np.mean([in_the_list(total * factor, new) for total, factor in zip(totals, factors, strict=True)])


def test_what_nobody_had_takes_about_its_share_of_the_lists(support, total):
    assert in_the_list(total) == 0
    assert 0.5 < mean_in_the_lists(NEW, support) < 2


def test_the_order_among_what_nobody_had_stays_as_it_was_and_the_others_stay_where_they_were(support, total):
    raised = total * chance(support).factor(total, NOBODY)
    assert np.argsort(raised[:NEW]).tolist() == np.argsort(total[:NEW]).tolist()
    assert raised[NEW:] == pytest.approx(total[NEW:], rel=0.01)


def test_an_item_loses_its_chance_with_the_customers_it_finds(total):
    def factor_of_the_first(had):
        return chance(np.where(np.arange(SIZE) < NEW, 0, np.where(np.arange(SIZE) == NEW, had, 50))).factor(total, NOBODY)[NEW]

    factors = [factor_of_the_first(had) for had in (0.2, 1, 5, 100)]
    assert factors == sorted(factors, reverse=True)
    assert factors[0] > 1.1
    assert factors[-1] < 1.01


def test_a_handful_of_bad_items_is_not_raised_into_the_list(total):
    support = np.where(np.arange(SIZE) < 2, 0, 50)
    found = chance(support)
    assert found.place == 0
    assert found.peer == LOWEST - 1
    total = np.where(np.arange(SIZE) < 2, total / 20, total)
    raised = total * found.factor(total, NOBODY)
    assert (np.argsort(-raised)[:50] >= 2).all()
    assert raised[:2].max() <= MOST * total[:2].max() * 1.0001


def test_where_most_never_sold_it_does_not_crowd_out_what_does():
    assert 0.5 < mean_in_the_lists(3 * SIZE // 4, np.where(np.arange(SIZE) < 3 * SIZE // 4, 0, 50)) < 4


def test_where_all_items_are_known_or_none_is_nothing_changes():
    assert chance(np.zeros(5)) is None
    assert chance(np.ones(5)) is None


def test_what_the_customer_has_does_not_set_the_scale(support, total):
    owned = np.argsort(-np.where(np.arange(SIZE) < NEW, 0, total))[:60]
    assert chance(support).factor(total, owned)[0] < chance(support).factor(total, NOBODY)[0]


def test_all_parts_of_a_score_are_raised_alike_but_for_what_was_said(query, support, total):
    class Fixed:
        def __init__(self, name):
            self.name = name

        def score(self, query):
            return total**2

    scorers = {name: Fixed(name) for name in ("ease", "terms", "text")}
    weights = ({"ease": 0.6, "terms": 0.4},) * 4
    plain, raised = (Blend(scorers, np.ones(SIZE, np.float32), weights, chance=some) for some in (None, chance(support)))
    before, after = (blend.personal_parts(query(SIZE - 1)) for blend in (plain, raised))
    factor = after["ease"] / before["ease"]
    assert (factor[:NEW] > 1.1).all()
    assert after["terms"] == pytest.approx(before["terms"] * factor, rel=1e-5)
    assert after["text"].tolist() == before["text"].tolist()
    assert in_the_list(before["ease"] + before["terms"]) == 0
    assert in_the_list(after["ease"] + after["terms"]) >= 1
