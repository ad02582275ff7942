"""Propensities: what is known then, what happened after, and how sure that makes us."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from marketing import propensity
from shop import consent
from shop.models import Interaction, now
from shop.settings import Settings


def frame(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer", "day", "kind", "amount"])


def test_features_know_nothing_of_what_comes_later():
    events = frame((1, 10.0, "order", 500), (1, 30.0, "order", 700), (1, 39.0, "view", 0), (2, 38.0, "cart", 0))
    before = propensity.features(events, 40.0)
    later = pd.concat([events, frame((1, 41.0, "order", 9000), (2, 45.0, "view", 0), (3, 50.0, "view", 0))])
    pd.testing.assert_frame_equal(propensity.features(later, 40.0), before)
    first = np.expm1(before.loc[1])
    assert (round(first["recency"]), round(first["orders"]), round(first["spent"])) == (10, 2, 1200)
    assert (round(first["looked"]), round(first["chose"]), round(first["seen"])) == (1, 0, 1)
    assert before.loc[1, "overdue"] == pytest.approx(0.5)  # 10 days since the last order, 20 between the two
    assert list(np.expm1(before.loc[2, ["orders", "chose"]]).round()) == [0, 1]


def test_a_shop_where_who_looks_buys_teaches_just_that():
    """Of 200 customers half look about in each month, and those buy three weeks later."""
    rng, rows = np.random.default_rng(3), []
    for customer in range(200):
        rows.append((customer, rng.uniform(0, 5), "view", 0))
        for month in range(8):
            if rng.random() < 0.5:
                begun = 30.0 * month + rng.uniform(5, 10)
                rows += [(customer, begun, "view", 0), (customer, begun + 1, "cart", 0), (customer, begun + 21, "order", 1000)]
    model = propensity.fit(frame(*rows, (0, 253.0, "view", 0)), "buys", 30.0)
    assert model is not None
    assert model.weights["looked"] + model.weights["chose"] > 0
    assert model.auc > 0.6
    assert 0 < model.brier < 0.25


def test_too_little_is_said_to_be_too_little():
    assert propensity.fit(frame(), "buys", 30.0) is None
    assert propensity.fit(frame(*((k, float(k), "view", 0) for k in range(200))), "buys", 30.0) is None


@pytest.fixture
def models(settings: Settings) -> dict[str, propensity.Model]:
    weights = dict.fromkeys(propensity.COLUMNS, 0.0) | {"orders": 1.0}
    one = propensity.Model(30.0, weights, dict.fromkeys(propensity.COLUMNS, 0.0), -1.0, 0.7, 0.2, 0.3, 100, "2026-01-01T00:00:00+00:00")
    return {"buys": one, "stays_away": one}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_prediction_is_the_models_own_sum_and_respects_consent(store, factory, models):
    buyer, looker, private = (factory.customer() for _ in range(3))
    factory.order(buyer, [(factory.product(), 1)], placed_at=now() - timedelta(days=3))
    with store.write() as session:
        session.add_all(Interaction(customer_id=who.id, kind="search", query="lamp", source="web") for who in (looker, private))
        consent.set_consent(session, private.id, "personalisation", False, "chat")
    with store.read() as session:
        found = propensity.predict(models, session, buyer.id, now())
        assert set(found) == {"buys", "stays_away"}
        assert found["buys"].probability == pytest.approx(1 / (1 + np.exp(1 - np.log1p(1))))
        assert found["buys"].because[0] == ("how many orders they have", True)
        assert set(propensity.predict(models, session, looker.id, now())) == {"buys"}, "who never bought cannot stay away"
        assert propensity.predict(models, session, private.id, now()) == {}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_damaged_or_missing_file_is_no_model(store, settings):
    with store.read() as session:
        assert propensity.train(settings, session) == {}
    assert propensity.load(settings) == {}
    propensity.path(settings).write_text('{"buys": {"days": 1}}')
    assert propensity.load(settings) == {}
