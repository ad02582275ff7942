"""The benchmark's tables of complements, repurchase and fake profiles, on made-up shops whose answers are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.bench_rec_more import _auc, _fakes, complements, repurchase, shilling
from benchmarks.bench_rec_split import Task
from recommender.blend import DEFAULTS, DEFAULTS_AGAIN
from recommender.learn import Learned
from recommender.pool import cases

PLAIN = Learned(DEFAULTS, DEFAULTS_AGAIN, {}, {})


def values(table) -> dict[str, list[float]]:
    columns = [list(column.cells) for column in table.columns]
    return {name: [float(column[row]) for column in columns[1:]] for row, name in enumerate(columns[0])}


def split(data):
    return SimpleNamespace(name="made up", data=lambda parts: data)


def test_what_goes_together_is_found_beside_chance(dataset):
    """Items 2k and 2k + 1 are always bought together; the first pair sells most."""
    rows = [(user, 100 + 2 * pair + k, "purchase", user) for user in range(80) for pair in {0, user % 10} for k in (0, 1)]
    data = dataset(rows, 20)
    found = values(complements(split(data), "test", data))
    assert found["what goes with it (ours)"][2] == 1.0
    assert found["lift above chance"][1] > 0.8
    assert found["lift above chance"][1] > found["popularity"][1] > found["chance"][1]


def test_what_comes_back_every_week_is_due(dataset):
    weekly = [(user, 100, "purchase", 7 * week + user / 100) for user in range(80) for week in range(5)]
    past = dataset(weekly + [(user, 101 + user % 8, "purchase", 28.5 + user / 100) for user in range(80)], 10)
    future = dataset([(user, 100, "purchase", 35 + user / 100) for user in range(80)], 10)
    found = values(repurchase(split(past), "test", Task(past, cases(past, future, future.users, again=True))))
    assert found["due"] == [1.0, 1.0]
    assert found["had last"][1] < 0.5


def test_fake_profiles_are_counted_against_an_honest_shop(dataset):
    rng = np.random.default_rng(0)
    rows = [(user, 100 + int(item), "purchase", day) for user in range(100) for day in (1, 9) for item in rng.choice(40, 3, replace=False)]
    data = dataset(rows, 40)
    later = dataset([(user, 100, "purchase", 12) for user in range(100)], 40)
    found = values(shilling(split(data), "test", Task(data, cases(data, later, later.users)), PLAIN))
    assert found["nobody"][1] == 1.0
    assert found["views"][1] <= found["purchases that were paid"][1]
    assert _fakes(data, 3, "like")["user"].nunique() == 3


@pytest.mark.parametrize(("score", "auc"), [([3, 2, 1], 1.0), ([1, 2, 3], 0.0), ([1, 1, 1], 0.5)])
def test_the_area_under_the_curve_counts_pairs(score, auc):
    assert _auc(np.array(score), np.array([True, False, False])) == auc
