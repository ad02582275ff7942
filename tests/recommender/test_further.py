"""Known answers of the scorers that a setting adds, of user-kNN and of what is due again."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from recommender.due import Due
from recommender.neighbours import SHRINK, UserKnn, item_likeness
from recommender.scorers import FURTHER, made
from recommender.segment import context
from recommender.train import chosen

PAIRS = [(1, 100, "purchase", 1), (1, 101, "purchase", 1), (2, 100, "purchase", 1), (2, 101, "purchase", 1), (3, 102, "purchase", 1)]


def test_cosine_and_correlation_of_items_are_worked_out_by_hand(dataset):
    """100 and 101 are had by the same two of three customers: cosine 2 / 2; covariance 2 - 2 * 2 / 3 over spread 2 * (1 - 2 / 3)."""
    data = dataset(PAIRS, 3)
    assert item_likeness(data)[0, 1] == pytest.approx(1.0)
    assert item_likeness(data, pearson=True)[0, 1] == pytest.approx((2 / 3) / (2 / 3 + SHRINK))
    assert item_likeness(data)[0, 2] == item_likeness(data, pearson=True)[0, 2] == 0


def test_items_that_meet_by_chance_are_alike_by_cosine_and_not_by_correlation(dataset):
    data = dataset([(1, 100, "purchase", 1), (1, 101, "purchase", 1), (2, 100, "purchase", 1), (3, 101, "purchase", 1)], 2)
    assert item_likeness(data)[0, 1] == pytest.approx(0.5)
    assert item_likeness(data, pearson=True)[0, 1] == 0


def test_similar_customers_say_what_they_have_as_much_as_they_are_alike(dataset, query):
    data = dataset([(1, 100, "purchase", 1), (1, 101, "purchase", 1), (2, 102, "purchase", 1), (2, 103, "purchase", 1)], 4)
    np.testing.assert_allclose(UserKnn().fit(data).score(query(0)), [2**-0.5, 2**-0.5, 0, 0], rtol=1e-5)
    by_correlation = UserKnn(pearson=True).fit(data).score(query(0))  # (1 - 1 * 0.5) / sqrt(2 - 4 / 4)
    np.testing.assert_allclose(by_correlation, [0.5, 0.5, 0, 0], rtol=1e-5)


@pytest.fixture
def camps(dataset):
    """Two camps of 60 customers with four items each, who come on three days: Monday mornings, and Saturday nights."""
    rng, rows = np.random.default_rng(0), []
    for user in range(120):
        camp = user % 2
        for visit, item in enumerate(rng.permutation(4)[:3]):
            rows.append((user, 100 + 4 * camp + int(item), "purchase", 7 * visit + (4.3 if camp == 0 else 9.9)))
    vectors = np.repeat(np.eye(8)[[0, 4]], 4, axis=0) + 0.3 * np.eye(8)
    return dataset(rows, 8, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@pytest.mark.parametrize("name", [name for name in FURTHER if name != "price"])  # everything costs the same here
def test_every_further_scorer_tells_the_camps_apart(name, camps, query):
    for asked, own in ((query(0, 1), slice(0, 4)), (query(4, 5), slice(4, 8))):
        scores = made(name).fit(camps).score(asked)
        others = np.delete(scores, np.arange(8)[own])
        assert scores[own].mean() > 2 * others.mean()


def test_a_new_item_is_known_to_the_towers_by_its_text(camps, dataset, query):
    vectors = np.vstack([camps.vectors, camps.vectors[0] + 0.1 * np.eye(8)[6]])
    live = dataset([], 9, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    towers = made("towers").restore(made("towers").fit(camps).state(), live)
    assert towers.score(query(0, 1))[8] > 0.5
    assert towers.score(query(4, 5))[8] < towers.score(query(0, 1))[8] / 2


def test_to_an_unknown_customer_the_hour_decides_what_sells(camps, query):
    monday, saturday = (made("segment").fit(camps).score(query(day=day)) for day in (32.3, 37.9))
    assert monday[:4].sum() > monday[4:].sum()
    assert saturday[4:].sum() > saturday[:4].sum()


def test_the_day_is_cut_in_four_and_the_weekend_is_its_own():
    day = 86_400
    assert context(np.array([0, 0.3, 0.6, 0.9, 2.1]) * day).tolist() == [0, 1, 2, 3, 4]  # 1970 began on a Thursday


def test_what_is_bought_on_every_visit_is_due_and_what_was_bought_once_is_not(dataset, query):
    rows = [(user, 100, "purchase", 10 * visit + user / 100) for user in range(80) for visit in range(4)]
    rows += [(user, 101, "purchase", user / 100) for user in range(80)]
    asked = replace(query(0, 1, day=40, ages=[10, 40]), times=np.array([4.0, 1.0]), first=np.array([40.0, 40.0]))
    scores = Due().fit(dataset(rows, 3)).score(asked)
    assert scores[0] > 0.8
    assert scores[1] < 0.2
    assert scores[2] == 0


def test_a_setting_chooses_further_scorers_and_a_wrong_name_is_said():
    assert chosen(SimpleNamespace(further_scorers=" als, towers ,als")) == ("als", "towers")
    assert chosen(SimpleNamespace(further_scorers="")) == ()
    with pytest.raises(ValueError, match=r"names svd; there are .*als"):
        chosen(SimpleNamespace(further_scorers="svd"))


def test_prices_fit_by_what_is_usual_for_things_of_the_kind(dataset, catalogue, query):
    """Mugs cost 8 and lamps 64, give or take; who pays twice the usual for a mug does so for a lamp."""
    prices = {"Mugs": (400, 800, 1600), "Lamps": (3200, 6400, 12800)}
    items = catalogue(*({"category": kind, "price": price} for kind, many in prices.items() for price in many), {"price": 0})
    scores = made("price").fit(dataset([], items, np.eye(7))).score(query(2))
    assert scores[4] > scores[5] > scores[3] > 0  # one thing above the usual is not a habit yet
    np.testing.assert_allclose(scores[3:6], scores[:3])
    assert scores[6] == 0


def test_what_somebody_pays_is_the_surer_the_more_they_bought(dataset, catalogue, query):
    """A doubling for each step: with three items' worth of doubt, one at 3 stands for 3 / 4, four of them for 12 / 7."""
    steps = [-3, -2, -1, 0, 1, 2, 3, *(3, 3, 3), *(-3, -3, -3)]
    scorer = made("price").fit(dataset([], catalogue(*({"price": int(1000 * 2.0**step)} for step in steps)), np.eye(13)))
    assert steps[scorer.score(query(6)).argmax()] == 1
    assert steps[scorer.score(query(6, 7, 8, 9)).argmax()] == 2
