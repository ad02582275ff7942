"""Exploration: its propensities are what happens, and it learns faster than trying at random."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from recommender import answers, feedback
from recommender.contract import Ask
from recommender.explore import PRIOR, chances, draw
from recommender.feedback import Seen
from recommender.rerank import Policy
from recommender.serving import untrained
from tests.recommender.conftest import START


def test_the_chance_of_being_best_is_that_of_drawing_the_largest():
    clicks, passes = np.array([1.0, 8.0, 30.0, 2.0]), np.array([19.0, 60.0, 300.0, 9.0])
    drawn = np.random.default_rng(5).beta(clicks, passes, size=(200_000, 4)).argmax(axis=1)
    assert chances(clicks, passes) == pytest.approx(np.bincount(drawn, minlength=4) / 200_000, abs=0.01)
    assert chances(np.array([3.0, 3.0]), np.array([7.0, 7.0])) == pytest.approx([0.5, 0.5])
    assert chances(np.array([900.0, 100.0]), np.array([100.0, 900.0])) == pytest.approx([1.0, 0.0], abs=1e-6)


@pytest.fixture(scope="module")
def shop(dataset):
    """Thirty items, the first ones most popular; half of those further down were clicked when shown."""
    events = [(user, 100 + item, "purchase", 1.0) for item in range(30) for user in range(60 - item)]
    serving = untrained(dataset(events, 30))
    clicks, passes = np.zeros(30), np.full(30, 20.0)
    clicks[::2] = 3.0
    return replace(serving, policy=Policy(explore=2, page=5), seen=Seen(clicks, passes))


def listed(shop, seed: int | None, n: int = 5):
    return answers.recommend(shop, Ask(n=n, explore=seed, at=START + timedelta(days=9)), lambda text: np.zeros(30, np.float32)).items


def test_logged_propensities_are_the_frequencies_with_which_items_are_shown(shop):
    rounds, shown, told = 1500, Counter(), {}
    for seed in range(rounds):
        for position, one in enumerate(listed(shop, seed)):
            shown[position, one.item] += 1
            told[position, one.item] = one.propensity
    assert [told[position, 100 + position] for position in range(3)] == [1.0, 1.0, 1.0]
    assert {position for position, _ in told} == {0, 1, 2, 3, 4}
    for place, propensity in told.items():
        error = 4 * np.sqrt(propensity * (1 - propensity) / rounds) + 1 / rounds
        assert shown[place] / rounds == pytest.approx(propensity, abs=error)
    assert len([place for place in told if place[0] == 4]) >= 6


def test_without_exploring_the_ranking_is_the_same_and_certain(shop):
    assert [one.item for one in listed(shop, None)] == [100, 101, 102, 103, 104]
    assert {one.propensity for one in listed(shop, None)} == {1.0}
    assert {one.propensity for one in listed(replace(shop, policy=Policy()), 3)} == {1.0}


def test_a_second_page_goes_on_where_the_first_ended(shop):
    first, both = listed(shop, 11), listed(shop, 11, n=10)
    assert [one.item for one in both[:5]] == [one.item for one in first]
    assert len({one.item for one in both}) == 10


def test_regret_stays_below_that_of_epsilon_greedy():
    """Ten products with hidden shares of takers; the same seeds for both; regret is what always showing the best would have won more."""
    takers, rounds, lost = np.array([0.04, 0.05, 0.06, 0.05, 0.03, 0.12, 0.07, 0.05, 0.04, 0.06]), 2500, {"thompson": [], "epsilon": []}
    for seed in range(6):
        for name in lost:
            rng = np.random.default_rng(seed)
            clicks, passes, regret = np.zeros(10), np.zeros(10), 0.0
            for _ in range(rounds):
                if name == "thompson":
                    arm = draw(range(10), 1, clicks, passes, rng)[0][0]
                elif rng.random() < 0.1:
                    arm = int(rng.integers(10))
                else:
                    arm = int(np.argmax((clicks + PRIOR[0]) / (clicks + passes + sum(PRIOR))))
                regret += takers.max() - takers[arm]
                (clicks if rng.random() < takers[arm] else passes)[arm] += 1
            lost[name].append(regret)
    assert np.mean(lost["thompson"]) < 0.9 * np.mean(lost["epsilon"])


def impressions(rng, rounds: int) -> pd.DataFrame:
    """A policy shows item 1 nine times of ten, item 2 once; item 2 is twice as good; position 2 is looked at half as much."""
    rows = []
    for k in range(rounds):
        item = 1 if rng.random() < 0.9 else 2
        position = 1 + k % 2
        taken = rng.random() < {1: 0.2, 2: 0.4}[item] / position
        rows.append({"customer": k, "item": item, "position": position, "propensity": {1: 0.9, 2: 0.1}[item], "taken": taken})
    return pd.DataFrame(rows)


def test_inverse_propensities_tell_what_another_policy_would_win():
    shown = impressions(np.random.default_rng(2), 20_000)
    even = np.full(len(shown), 0.5)
    assert feedback.value_of(shown, even) == pytest.approx((0.2 + 0.4) / 2 * 0.75, abs=0.015)
    assert shown["taken"].mean() == pytest.approx(0.22 * 0.75, abs=0.01)  # what is not weighted tells of the policy that was


def test_a_position_that_nobody_looks_at_is_no_blame():
    shown = impressions(np.random.default_rng(2), 20_000)
    assert feedback.attention(shown) == {1: 1.0, 2: pytest.approx(0.5, abs=0.05)}
    counted = feedback.seen(shown, {1: 0, 2: 1}, 2)
    assert counted.clicks[0] / (counted.clicks[0] + counted.passes[0]) == pytest.approx(0.2, abs=0.03)
    assert counted.clicks.sum() == shown["taken"].sum()


def test_an_act_within_a_day_counts_for_the_impression_before_it_and_once():
    hours = [0, 5, 5, 40]
    shown = pd.DataFrame(
        {
            "customer": [7, 7, 8, 7],
            "item": [1, 1, 1, 2],
            "position": 1,
            "propensity": 1.0,
            "at": pd.to_datetime([START + timedelta(hours=h) for h in hours], utc=True),
        }
    )
    acts = pd.DataFrame(
        {
            "user": [7, 7, 7],
            "item": [1, 2, 1],
            "kind": ["click", "cart", "dislike"],
            "at": pd.to_datetime([START + timedelta(hours=h) for h in (6, 39, 7)], utc=True),
        }
    )
    assert feedback.outcomes(shown, acts)["taken"].tolist() == [False, True, False, False]
    assert feedback.outcomes(shown.iloc[:0], acts).empty
