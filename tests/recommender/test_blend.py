from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recommender.blend import BUCKETS, DEFAULTS, LEARNED, Blend, confidence
from recommender.learn import learn, search
from recommender.pool import Pool, mean_ndcg
from recommender.scorers import SCORERS, fit_all


class Fixed:
    """A scorer with given scores."""

    def __init__(self, name: str, scores) -> None:
        self.name, self.scores = name, np.asarray(scores, np.float32)

    def score(self, query):
        return self.scores


scores = arrays(np.float32, 6, elements=st.floats(-5, 50, width=32))


@settings(max_examples=60, deadline=None)  # deadlines measure the machine, not us
@given(scores, scores, scores, st.lists(st.floats(0, 3, width=32, allow_subnormal=False), min_size=3, max_size=3))
def test_the_parts_sum_to_the_score_and_none_takes_away(query, first, second, third, weights):
    blend = Blend(
        {"ease": Fixed("ease", first), "content": Fixed("content", second), "popularity": Fixed("popularity", third)}, np.zeros(6)
    )
    parts = blend.parts(query(), dict(zip(("ease", "content", "popularity"), weights, strict=True)))
    assert all((part >= 0).all() and np.isfinite(part).all() for part in parts.values())
    for name, part in parts.items():
        limit = weights[("ease", "content", "popularity").index(name)] * (1.5 if name == "content" else 1.0)
        assert part.max() <= limit * (1 + 1e-5)


def test_a_scorer_that_knows_nothing_has_no_part(query):
    blend = Blend({"ease": Fixed("ease", [0, 0]), "popularity": Fixed("popularity", [1, 2])}, np.zeros(2))
    assert blend.parts(query(), {"ease": 1.0, "popularity": 0.5}).keys() == {"popularity"}


def test_weights_move_from_popularity_and_content_to_collaboration_as_history_grows(query):
    blend = Blend({}, np.zeros(12))
    weights = [blend.personal(query(*range(count))) for count in (0, 1, 3, 10)]
    assert weights[0]["popularity"] == 1.0
    eases = [w.get("ease", 0.0) for w in weights]
    assert eases == sorted(eases)
    assert weights[1]["content"] > weights[3]["content"]


def test_the_text_of_an_item_that_nobody_knows_counts_more(query):
    blend = Blend({"content": Fixed("content", [1, 1])}, confidence(np.array([0, 1000])))
    unknown, known = blend.parts(query(), {"content": 1.0})["content"]
    assert unknown == pytest.approx(1.5)
    assert known == pytest.approx(1.0, abs=0.01)


def test_the_search_finds_the_scorer_that_is_right():
    rng = np.random.default_rng(3)
    wanted = rng.random((40, 30)) < 0.1
    wanted[:, 0] = True
    noise = rng.random((40, len(LEARNED), 30)).astype(np.float32)
    noise[:, 2] = wanted + 0.01 * noise[:, 2]
    pool = Pool(noise, np.ones_like(wanted), wanted, wanted.sum(axis=1), np.ones(wanted.shape, np.float32))
    found, _ = search(pool, LEARNED)
    assert sum(found.values()) == pytest.approx(1.0, abs=0.001)
    assert max(found, key=found.get) == LEARNED[2]
    assert mean_ndcg(pool, np.array([found[name] for name in LEARNED])) > 0.95


def test_the_search_tells_known_items_from_unknown_ones():
    """The first scorer is right about items that many had, the fourth about those that nobody had."""
    rng = np.random.default_rng(4)
    wanted, known = rng.random((200, 30)) < 0.1, (rng.random((200, 30)) < 0.5).astype(np.float32)
    wanted[:, 0] = True
    noise = rng.random((200, len(LEARNED), 30)).astype(np.float32)
    noise[:, 0] = np.where(known > 0, wanted, noise[:, 0])
    noise[:, 3] = np.where(known > 0, noise[:, 3], wanted)
    pool = Pool(noise, np.ones_like(wanted), wanted, wanted.sum(axis=1), known)
    of_known, of_unknown = search(pool, LEARNED)
    assert max(of_known, key=of_known.get) == LEARNED[0]
    assert max(of_unknown, key=of_unknown.get) == LEARNED[3]
    both = [np.array([weights[name] for name in LEARNED]) for weights in (of_known, of_unknown)]
    assert mean_ndcg(pool, *both) > mean_ndcg(pool, both[0])


def test_an_item_with_little_history_leans_on_its_texts(query):
    scorers = {"ease": Fixed("ease", [1, 1, 1]), "terms": Fixed("terms", [1, 1, 1])}
    known, rare = ({"ease": 0.9, "terms": 0.1},) * len(BUCKETS), ({"ease": 0.2, "terms": 0.6},) * len(BUCKETS)
    blend = Blend(scorers, confidence(np.array([0, 10, 1000])), known, rare=rare)
    parts = blend.personal_parts(query(0))
    assert parts["ease"][0] < parts["ease"][1] < parts["ease"][2]
    assert parts["terms"][0] > parts["terms"][1] > parts["terms"][2]
    assert parts["ease"][2] == pytest.approx(0.9)
    assert parts["ease"][0] == pytest.approx(0.2)


@pytest.fixture(scope="module")
def two_tastes(dataset):
    """Two camps of 150 customers, each with 20 items of its own, who come on three days."""
    rng = np.random.default_rng(1)
    events = []
    for user in range(300):
        for day in (10, 20, 30):
            for item in rng.choice(20, 3, replace=False):
                events.append((user, 100 + int(item) + 20 * (user % 2), "purchase", day + user / 1000))
    return dataset(events, 40, np.linalg.qr(rng.normal(size=(40, 40)))[0])


def test_learning_beats_popularity_where_there_is_something_to_learn(two_tastes):
    learned = learn(two_tastes)
    assert learned.metrics["users"] >= 100
    assert learned.metrics["ndcg"] > 1.3 * learned.metrics["popularity_ndcg"]
    assert len(learned.weights) == len(BUCKETS)
    assert all(sum(weights.values()) == pytest.approx(1.0, abs=0.001) for weights in learned.weights)


def test_with_few_customers_the_defaults_stand(dataset):
    data = dataset([(1, 100, "purchase", 1), (1, 101, "purchase", 2), (2, 101, "view", 1)], 3)
    learned = learn(data)
    assert learned.weights == DEFAULTS
    assert learned.described()["rare"] == [dict(weights) for weights in DEFAULTS]
    assert learned.metrics["users"] == 1


def test_without_any_history_there_is_nothing_to_measure(dataset):
    assert learn(dataset([], 3)).metrics == {"users": 0}


def test_every_scorer_is_fitted(two_tastes):
    assert fit_all(two_tastes).keys() == SCORERS.keys()
