"""Invented profiles that push an item."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.learn import learn, top
from recommender.nextvisit import visits
from recommender.pool import cases
from recommender.popularity import clock
from recommender.scorers import fit_all, made

TARGET = 139  # one of the first camp's items
FAKES = range(1000, 1009)  # 3 % of 300 customers


def bought(rng) -> list[tuple]:
    """Two camps of 150 customers with 40 items each, who buy on three days of a month."""
    rows = []
    for user in range(300):
        for day in (0, 20, 30):
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


@pytest.fixture(scope="module")
def honest(dataset):
    """The shop's rows and vectors, who is asked, and the target's share of their lists."""
    rng = np.random.default_rng(2)
    rows, vectors = bought(rng), np.linalg.qr(rng.normal(size=(80, 80)))[0]
    later = dataset([(user, 100, "purchase", 31) for user in range(300)], 80, vectors)
    data = dataset(rows, 80, vectors)
    judged = cases(data, later, np.arange(300))
    return rows, vectors, judged, share(data, judged)


@pytest.mark.parametrize("kind", ["view", "like", "purchase"])
def test_three_per_cent_of_fake_profiles_at_most_double_an_items_share_of_the_lists(kind, dataset, honest):
    rows, vectors, judged, before = honest
    assert 0.02 < before < 0.4
    assert share(dataset(rows + faked(kind), 80, vectors), judged) <= 2 * before


@pytest.mark.parametrize("name", ["popularity", "trending"])
@pytest.mark.parametrize("kind", ["like", "purchase"])
def test_an_item_that_fake_profiles_push_gets_at_most_twice_as_popular(kind, name, dataset):
    """Of 400 items each sells to some nine of 300 customers, and to newcomers; as many profiles push one."""
    rng = np.random.default_rng(4)
    rows = [(user, 100 + int(item), "purchase", day) for user in range(300) for day in (0, 20, 30) for item in rng.choice(400, 4, False)]
    rows += [(500 + k, 100 + k % 400, "purchase", 29) for k in range(800)]
    query = cases(dataset(rows, 400), dataset([(1, 100, "purchase", 31)], 400), np.array([1]))[0].query
    before, after = (made(name).fit(dataset(rows + more, 400)).score(query)[TARGET - 100] for more in ([], faked(kind)))
    assert 0 < after <= 2 * before


def test_who_never_bought_counts_less_and_repeating_oneself_adds_nothing(dataset):
    rows = [(1, 100, "purchase", 0), (1, 101, "like", 0), (2, 101, "like", 0), *((2, 102, "view", hour / 24) for hour in range(20))]
    data = dataset(rows, 3)
    np.testing.assert_allclose(data.matrix.toarray(), [[1, 1, 0], [0, 0.2, 0.06]], rtol=1e-5)
    assert len(data.events) == 4


def test_where_nobody_bought_anything_everybody_counts_fully(dataset):
    data = dataset([(1, 100, "rating", 0), (2, 101, "like", 0)], 2)
    assert data.trust.tolist() == [1, 1]


def test_who_never_bought_makes_an_item_popular_once_and_others_once_a_fortnight(dataset):
    looks = [(1, 100, "view", day) for day in range(0, 70, 7)]
    data = dataset([*looks, (1, 101, "view", 3), (2, 102, "purchase", 0), (2, 102, "purchase", 1), (2, 102, "purchase", 40)], 3)
    assert np.bincount(data.counted["column"]).tolist() == [1, 1, 2]


def test_newcomers_count_for_an_item_as_they_usually_do_beside_the_others(dataset):
    regulars = [(user, 100 + item, "purchase", day) for user in range(20) for item in range(30) for day in (0, 42)]
    joining = [(50 + user, 100 + user % 4, "purchase", 43) for user in range(8)]
    pushing = [(80 + user, 103, "purchase", 44) for user in range(60)]
    data = dataset(regulars + joining + pushing, 30)
    user, heed = data.events["user"], data.events["heed"]
    assert (heed[user < 20] == 1).all()  # established
    assert (heed[user.isin([50, 51, 52, 54, 55, 56])] == 1).all()  # newcomers who join the others
    pushed = heed[(user >= 50) & (data.events["column"] == 3)]
    assert pushed.sum() == pytest.approx(2 * (68 * 20 / 600 + 68 / 30))  # 62 together: a regular item's part, an average one's, twice


def test_newcomers_do_not_say_themselves_what_is_usual(dataset):
    """Where hardly anybody is new, a fortnight in which many are is not how newcomers usually join."""
    regulars = [(user, 100 + item, "purchase", day) for user in range(20) for item in range(30) for day in (0, 20, 42, 56, 70)]
    joining = [(50, 103, "purchase", 1), (51, 104, "purchase", 21)]
    pushing = [(80 + user, 103, "purchase", 71) for user in range(60)]
    data = dataset(regulars + joining + pushing, 30)
    pushed = data.events[data.events["user"] >= 80]
    assert len(pushed) == 60
    assert pushed["heed"].sum() <= 2 * 2 * 2 * 62 / 150  # of this fortnight alone it would be 8


def test_who_never_bought_joins_only_as_such_people_usually_do(dataset):
    """Where most customers are new, those who push without buying hide among them; who else never bought tells them apart."""
    buying = [(user, 100 + (user + day) % 30, "purchase", day) for user in range(300) for day in (user % 40, user % 40 + 1)]
    looking = [(500 + user, 100 + user % 30, "view", user % 40) for user in range(30)]
    pushing = [(900 + user, 103, kind, 39) for user in range(60) for kind in ("view", "like")]
    events = dataset(buying + looking + pushing, 30).events
    bought, looked, pushed = (events[(events["user"] >= at) & (events["user"] < at + 400)] for at in (0, 500, 900))
    assert (bought["heed"] == 1).all()
    assert looked["heed"].mean() > 0.15  # of 0.2
    assert pushed.groupby("user")["heed"].max().sum() < 2  # 12 where 0.2 each counted


def test_accounts_that_have_one_thing_day_after_day_do_not_make_it_a_habit_of_all(dataset):
    regulars = [(user, 100 + (user + week) % 5, "purchase", 7 * week + user / 100) for user in range(60) for week in range(6)]
    pushing = [(900 + user, 103, "purchase", 30 + day) for user in range(30) for day in range(7)]
    honest, pushed = (dataset(rows, 10) for rows in (regulars, regulars + pushing))
    rates = [made("due").fit(data).state()["rate"] for data in (honest, pushed)]
    np.testing.assert_array_equal(*rates)
    assert visits(pushed, repeats=True)[0].shape == visits(honest, repeats=True)[0].shape
    young = dataset([row for row in pushing if row[3] < 33] + [(user, 103, "purchase", day) for user in range(9) for day in (0, 30)], 10)
    assert visits(young, repeats=True)[0].shape[0] == 30 * 2 + 9  # nobody else to learn from


def test_what_truly_sells_is_popular_however_new_it_is(dataset):
    rows = [row for row in bought(np.random.default_rng(3)) if row[1] != TARGET]
    regulars = [(user, TARGET, "purchase", 29 + user / 1000) for user in range(0, 300, 4)]
    newcomers = [(user, TARGET, "purchase", 30) for user in range(2000, 2010)]
    data = dataset(rows + regulars + newcomers, 80)
    asked = cases(data, dataset([(1, 100, "purchase", 31)], 80), np.array([1]))[0].query
    assert data.ids[made("popularity").fit(data).score(asked).argmax()] == TARGET


def test_a_shop_of_newcomers_learns_from_them(dataset):
    data = dataset([(user, 100 + user % 3, "purchase", user % 7) for user in range(9)], 3)
    assert (data.events["heed"] == 1).all()
    assert data.support.tolist() == [3, 3, 3]


def test_a_few_events_after_a_quiet_time_do_not_undo_what_sold_before_it(dataset):
    """After forty days without a sale somebody looks at item 3: it does not trend beside what sold forty times."""
    rows = [(user, 100 + user % 2, "purchase", 10 + user / 100) for user in range(80)]
    looks = [(900 + k, 103, "view", 50) for k in range(3)]
    asked = cases(dataset(rows, 4), dataset([(1, 100, "purchase", 51)], 4), np.array([1]))[0].query
    before, after = (made("trending").fit(dataset(rows + more, 4)).score(asked) for more in ([], looks))
    assert after[3] < 0.01 * after[0]
    assert after[0] > 0.8 * before[0]


def test_a_clock_passes_with_the_hours_where_much_comes():
    assert clock(np.array([5, 6, 30]), np.array([9.0, 9.0, 9.0]), 72.0).tolist() == [0.0, 1.0, 25.0]
    slow = clock(np.array([5, 6, 30, 31]), np.array([900.0, 1.0, 1.0, 900.0]), 72.0)
    assert slow[1] == 1.0
    assert 1.0 < slow[2] < 5.0
    assert slow[3] == 26.0  # what was left out is made up for
