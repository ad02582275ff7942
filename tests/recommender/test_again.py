"""What a customer will likely buy again."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from recommender.again import repurchases
from recommender.contract import Ask, Event
from recommender.due import Due
from recommender.serving import untrained
from tests.recommender.conftest import START


@pytest.fixture(scope="module")
def data(dataset):
    """Everybody buys 100 on each of four visits, and 101 and 102 once."""
    rows = [(user, 100, "purchase", 10 * visit + user / 100) for user in range(80) for visit in range(4)]
    return dataset(rows + [(user, item, "purchase", user / 100) for user in range(80) for item in (101, 102)], 4)


def asked(*events: tuple[int, str, float], n: int = 5) -> Ask:
    history = [Event(item, kind, START + timedelta(days=day)) for item, kind, day in events]
    return Ask(n=n, history=history, at=START + timedelta(days=40))


def test_what_was_bought_is_listed_with_how_often_how_long_ago_and_how_likely(data):
    serving = SimpleNamespace(data=data, blend=SimpleNamespace(scorers={"due": Due().fit(data)}))
    bought = [(100, "purchase", day) for day in (0, 10, 20, 30)]
    found = repurchases(serving, asked(*bought, (101, "purchase", 0), (103, "view", 39), (103, "view", 38)), encode=None)
    assert [(one.item, one.times, one.days) for one in found] == [(100, 4, 10.0), (101, 1, 40.0)]
    assert found[0].probability > 0.8 > 0.2 > found[1].probability
    assert len(repurchases(serving, asked(*bought, (101, "purchase", 0), n=1), encode=None)) == 1
    data.items.loc[0, "active"] = False
    assert [one.item for one in repurchases(serving, asked(*bought, (101, "purchase", 0)), encode=None)] == [101], "what is still sold"
    data.items.loc[0, "active"] = True


def test_nothing_is_foretold_before_anything_is_trained(data):
    assert repurchases(untrained(data), asked((100, "purchase", 0)), encode=None) == []
