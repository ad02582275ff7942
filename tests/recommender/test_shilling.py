"""Invented profiles that push an item."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.learn import learn, top
from recommender.pool import cases
from recommender.scorers import fit_all

TARGET = 139  # one of the first camp's items
FAKES = range(1000, 1009)  # 3 % of 300 customers


def bought(rng) -> list[tuple]:
    """Two camps of 150 customers with 40 items each, who buy on three days."""
    rows = []
    for user in range(300):
        for day in (10, 20, 30):
            for item in rng.choice(40, 4, replace=False):
                rows.append((user, 100 + int(item) + 40 * (user % 2), "purchase", day + user / 1000))
    return rows


def faked(kind: str) -> list[tuple]:
    """Each likes five favourites of the camp and, again and again, the target."""
    favourites = [(user, 100 + (user + k) % 39, kind, 15 + k) for user in FAKES for k in range(5)]
    return favourites + [(user, TARGET, kind, day + hour / 24) for user in FAKES for day in (25, 28, 30.5) for hour in range(5)]


def share(data, judged) -> float:
    """Of all top-10 lists the share that has the target."""
    learned = learn(data)
    blend = learned.blend(fit_all(data, learned.tuning), data.support)
    target = data.position[TARGET]
    lists = [top(sum(blend.personal_parts(case.query).values()), np.zeros(0, np.int64)) for case in judged]
    return float(np.mean([target in ranked for ranked in lists]))


@pytest.mark.parametrize("kind", ["like", "view"])
def test_three_per_cent_of_fake_profiles_at_most_double_an_items_share_of_the_lists(kind, dataset):
    rng = np.random.default_rng(2)
    rows = bought(rng)
    vectors = np.linalg.qr(rng.normal(size=(80, 80)))[0]
    honest, attacked = dataset(rows, 80, vectors), dataset(rows + faked(kind), 80, vectors)
    later = dataset([(user, 100, "purchase", 31) for user in range(300)], 80, vectors)
    judged = cases(honest, later, np.arange(300))
    before, after = share(honest, judged), share(attacked, judged)
    assert 0.02 < before < 0.4
    assert after <= 2 * before


def test_who_never_bought_counts_less_and_repeating_oneself_adds_nothing(dataset):
    rows = [(1, 100, "purchase", 0), (1, 101, "like", 0), (2, 101, "like", 0), *((2, 102, "view", hour / 24) for hour in range(20))]
    data = dataset(rows, 3)
    np.testing.assert_allclose(data.matrix.toarray(), [[1, 1, 0], [0, 0.2, 0.06]], rtol=1e-5)
    assert len(data.events) == 4


def test_where_nobody_bought_anything_everybody_counts_fully(dataset):
    data = dataset([(1, 100, "rating", 0), (2, 101, "like", 0)], 2)
    assert data.trust.tolist() == [1, 1]


def test_who_never_bought_makes_an_item_popular_once(dataset):
    looks = [(1, 100, "view", day) for day in range(7)]
    data = dataset([*looks, (1, 101, "view", 3), (2, 102, "purchase", 0), (2, 102, "purchase", 5)], 3)
    assert np.bincount(data.counted["column"]).tolist() == [1, 1, 2]
