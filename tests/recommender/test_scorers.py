"""The contract that every scorer keeps, and the answer of each on a matrix small enough to work out by hand."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from recommender.content import Likeness, of_history, of_interest, of_text
from recommender.contract import Ask, Event, leading, score_at, score_many
from recommender.copurchase import lift
from recommender.ease import ease, faded
from recommender.fresh import Fresh
from recommender.habit import Habit
from recommender.item_to_item import ItemToItem, strongest
from recommender.itemknn import item_knn
from recommender.nextvisit import next_visit, visits
from recommender.popularity import Popularity
from recommender.query import query_of
from recommender.scorers import FURTHER, SCORERS, made
from recommender.terms import Terms

START = datetime(2026, 1, 1, tzinfo=UTC)
CATEGORIES = ["Home > Candles", "Home > Candles", "Home > Lamps", "Garden"]


@pytest.fixture
def data(dataset, catalogue):
    """Items 0 and 1 go together, 3 is bought by everybody, 2 by one customer."""
    items = catalogue(*({"category": category} for category in CATEGORIES))
    together = [(user, item, "purchase", user) for user in range(6) for item in (100, 101, 103)]
    return dataset([*together, (6, 102, "view", 6), (6, 103, "purchase", 7), (7, 103, "cart", 8)], items)


@pytest.mark.parametrize("name", [*SCORERS, *FURTHER])
class TestContract:
    def test_scores_are_finite_and_in_catalogue_order(self, name, data, query):
        scores = made(name).fit(data).score(query(0, text=[1, 0, 0, 0], interest=[0, 1, 0, 0]))
        assert scores.shape == (4,)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_scores_at_some_positions_are_those_among_all(self, name, data, query):
        scorer = made(name).fit(data)
        asked = query(0, 3, text=[1, 0, 0, 0], interest=[0, 1, 0, 0])
        at = np.array([3, 1])
        np.testing.assert_allclose(score_at(scorer, asked, at), scorer.score(asked)[at], rtol=1e-5)

    def test_scores_many_customers_as_it_scores_each(self, name, data, dataset, query):
        live = dataset([], data.items[::-1].reset_index(drop=True), np.eye(4)[::-1])
        asked = [query(0, 3, ages=[9, 2]), query(), query(2, weights=[0.4], text=[1, 0, 0, 0])]
        for scorer in (made(name).fit(data), made(name).restore(made(name).fit(data).state(), live)):
            each = np.stack([scorer.score(one) for one in asked])
            np.testing.assert_allclose(score_many(scorer, asked), each, rtol=1e-4, atol=1e-6)

    def test_leads_with_its_best_items_among_those_allowed_and_the_best_new_ones(self, name, data, dataset, query):
        live = dataset([], data.items[::-1].reset_index(drop=True), np.eye(4)[::-1])
        asked = query(0, 3, text=[1, 0, 0, 0], interest=[0, 1, 0, 0])
        for scorer in (made(name).fit(data), made(name).restore(made(name).fit(data).state(), live)):
            scores = scorer.score(asked)
            nothing = np.zeros(4, bool)
            for allowed in (np.ones(4, bool), np.array([False, True, True, True]), nothing):
                good = set(np.flatnonzero((scores > 0) & allowed))
                assert set(leading(scorer, asked, 4, allowed, nothing)) - set(np.flatnonzero(scores <= 0)) == good
                assert set(leading(scorer, asked, 4, nothing, allowed)) - set(np.flatnonzero(scores <= 0)) == good
                if good and name != "fresh":  # whose order is the items' age
                    assert scores[leading(scorer, asked, 1, allowed, nothing)] == pytest.approx(scores[list(good)].max())

    def test_says_nothing_about_a_customer_nothing_is_known_of(self, name, data, query):
        scores = made(name).fit(data).score(query())
        assert scores.any() == (name in ("popularity", "trending", "segment"))

    def test_is_restored_from_plain_arrays(self, name, data, query):
        fitted = made(name).fit(data)
        file = io.BytesIO()
        np.savez(file, **fitted.state())
        file.seek(0)
        restored = made(name).restore(dict(np.load(file, allow_pickle=False)), data)
        asked = query(0, 3, text=[1, 0, 0, 0], interest=[0, 1, 0, 0])
        np.testing.assert_array_equal(restored.score(asked), fitted.score(asked))
        assert restored.evidence(asked, 1) == fitted.evidence(asked, 1)

    def test_scores_follow_the_items_when_the_catalogue_changes(self, name, data, dataset, catalogue, query):
        fitted = made(name).fit(data)
        changed = catalogue(
            {"item": 103, "category": CATEGORIES[3]}, {"item": 900, "category": "New"}, {"item": 101, "category": CATEGORIES[1]},
            {"item": 100, "category": CATEGORIES[0]},
        )  # fmt: skip
        live = dataset([], changed, np.eye(4)[[3, 2, 1, 0]])
        scores = made(name).restore(fitted.state(), live).score(query(3))  # item 100, which is now at position 3
        assert scores.shape == (4,)
        before = fitted.score(query(0))
        if name in ("ease", "next", "again", "itemknn", "copurchase", "popularity", "trending", "fresh", "category", "userknn", "als"):
            np.testing.assert_allclose(scores[[0, 2, 3]], before[[3, 1, 0]], rtol=1e-6)
            assert scores[1] == 0

    def test_evidence_is_something_the_customer_liked_and_without_it_the_score_falls(self, name, data, query):
        fitted = made(name).fit(data)
        asked = query(0, 2, 3, weights=[1.0, 0.5, 0.8], text=[1, 0, 0, 0], interest=[0, 1, 0, 0])
        for position in range(4):
            evidence = fitted.evidence(asked, position)
            assert evidence is None or evidence in (0, 2, 3)
            if evidence is not None and name not in ("content", "bpr"):  # a mean moves when one of its parts goes
                kept = asked.positions != evidence
                without = query(*asked.positions[kept], weights=asked.weights[kept])
                assert fitted.score(without)[position] < fitted.score(asked)[position]

    def test_learns_from_nothing_without_complaint(self, name, dataset, query):
        scores = made(name).fit(dataset([], 3, np.eye(3, 4))).score(query(0))
        assert scores.shape == (3,)
        assert np.isfinite(scores).all()


def test_ease_is_the_closed_form(dataset):
    """Gram matrix [[2, 1], [1, 2]] and l2 = 1: the weight between the two items is 1 / 3."""
    weights = ease(dataset([(1, 100, "purchase", 0), (1, 101, "purchase", 0), (2, 100, "purchase", 0), (3, 101, "purchase", 0)], 2), l2=1.0)
    np.testing.assert_allclose(weights.toarray(), [[0, 1 / 3], [1 / 3, 0]], rtol=1e-5)


def test_shared_words_bring_items_together_that_no_customer_had_together(dataset, catalogue):
    titles = ["red kettle", "red kettle large", "blue lamp", "blue lamp small", "green chair", "wide table", "tall mirror", "old clock"]
    items = catalogue(*({"title": title} for title in [*titles, *("plain thing" for _ in range(8))]))
    events = [(user, 100 + item, "purchase", 0) for user, item in enumerate((0, 1, 2, 3, 4, 5))]
    assert not ease(dataset(events, items, np.eye(16)), l2=1.0, words=0.0).toarray().any()
    weights = ease(dataset(events, items, np.eye(16)), l2=1.0, words=0.5).toarray()
    assert weights[0, 1] > 0
    assert weights[0, 1] > weights[0, 2]


@pytest.mark.parametrize("many", [100, 0])
def test_an_item_that_nobody_had_borrows_from_those_with_its_words(many, dataset, catalogue, monkeypatch):
    """Item 6 is a red kettle, as item 0 is; who has item 2 often has item 0, and so might like item 6."""
    titles = ["red kettle", "oak shelf", "blue lamp", "glass bowl", "green chair", "wide table", "red kettle", "tall mirror", "old clock"]
    monkeypatch.setattr("recommender.ease.MANY", many)
    items = catalogue(*({"title": title} for title in [*titles, *("plain thing" for _ in range(6))]))
    events = [(user, 100 + item, "purchase", 0) for user in range(5) for item in (0, 2)]
    events += [(9, 100 + item, "purchase", 0) for item in (1, 3, 4, 5)]
    weights = ease(dataset(events, items, np.eye(15)), l2=1.0).toarray()
    assert weights[2, 6] > 0
    assert weights[2, 6] > weights[2, 7]
    assert weights[0, 6] > 0  # what is like it speaks for it


def test_preferences_fade_until_the_newest_of_their_customer(dataset):
    events = [(1, 100, "purchase", 0), (1, 101, "purchase", 120), (2, 100, "purchase", 0)]
    np.testing.assert_allclose(faded(dataset(events, 2)).toarray(), [[0.5, 1.0], [1.0, 0.0]], rtol=1e-6)


def test_a_visit_is_predicted_from_what_was_had_before(dataset):
    """Three customers had item 0 and then chose item 1: with l2 = 1 the weight is 3 / (3 + 1). Nobody went the other way."""
    events = [(user, item, "purchase", day) for user in range(3) for item, day in ((100, 0), (101, 5))]
    np.testing.assert_allclose(next_visit(dataset(events, 2), l2=1.0).toarray(), [[0, 0.75], [0, 0]], rtol=1e-5)


def test_repeats_are_learned_only_where_they_are_asked_for(dataset):
    data = dataset([(user, 100, "purchase", day) for user in range(3) for day in (0, 5)], 2)
    assert not next_visit(data, l2=1.0).toarray().any()
    np.testing.assert_allclose(next_visit(data, l2=1.0, repeats=True).toarray(), [[0.75, 0], [0, 0]], rtol=1e-5)


def test_older_parts_of_a_past_count_less(dataset):
    past, chosen = visits(dataset([(1, 100, "purchase", 0), (1, 101, "purchase", 120), (1, 102, "purchase", 130)], 3), repeats=False)
    np.testing.assert_allclose(past.toarray(), [[1, 0, 0], [0.5, 1, 0]], rtol=1e-6)
    np.testing.assert_array_equal(chosen.toarray(), [[0, 1, 0], [0, 0, 1]])


def test_popularity_counts_what_happened_until_the_moment_asked_for_and_halves(dataset, query):
    rng = np.random.default_rng(2)
    events = [(k, 100 + int(rng.integers(3)), "purchase", float(day)) for k, day in enumerate(np.sort(rng.integers(0, 80, 150)))]
    scorer = Popularity("popularity", half_life=10.0).fit(dataset(events, 3))
    for day in (0, 79, 17, 45.5, 200):  # in no order
        past = [(item, at) for _, item, _, at in events if at <= day]
        newest = max((at for _, at in past), default=0)
        expected = [sum(2 ** ((at - newest) / 10) for item, at in past if item == 100 + k) for k in range(3)]
        np.testing.assert_allclose(scorer.score(query(day=day)), expected, rtol=1e-5)


def test_what_came_since_the_last_visit_is_fresh_and_the_future_is_not(dataset, query):
    events = [(1, 100, "purchase", 0), (1, 101, "purchase", 70), (1, 102, "purchase", 85), (1, 103, "purchase", 120)]
    scores = Fresh().fit(dataset(events, 5)).score(query(0, day=100, ages=[20]))  # the last visit was on day 80
    np.testing.assert_allclose(scores, [2.0**-8, 0.5, 1.0, 0.0, 0.0], rtol=1e-4)


def test_habits_count_the_days_on_which_an_item_was_had(dataset):
    data = dataset([], 3)
    at = START + timedelta(days=360)
    history = [Event(101, "purchase", START + timedelta(days=day)) for day in (0, 180, 180.1)] + [Event(100, "purchase", at)]
    asked = query_of(Ask(history=history, at=at, exclude_bought=False), data, lambda text: np.zeros(3))
    np.testing.assert_allclose(Habit().fit(data).score(asked), [1.0, 0.25 + 0.5 + 0.5, 0.0], rtol=0.01)


def test_rare_words_in_common_count_more_than_frequent_ones(dataset, catalogue, query):
    titles = ["regency lamp", "regency cup", "plain lamp", "steel lamp", "wooden lamp", *(f"thing {k}" for k in range(20))]
    data = dataset([], catalogue(*({"title": title} for title in titles)), np.eye(25))
    scores = Terms().fit(data).score(query(0))
    assert scores[1] > scores[2] > scores[6] == 0


def test_ease_leaves_the_rarest_items_out_when_there_are_too_many(dataset):
    events = [(user, 100 + item, "purchase", 0) for user in range(6) for item in range(3) if user >= item]
    weights = ease(dataset(events, 3), l2=1.0, max_items=2).toarray()
    assert weights[0, 1] > 0
    assert not weights[2].any()
    assert not weights[:, 2].any()


def test_item_knn_is_the_cosine_when_all_customers_weigh_the_same(dataset):
    events = [(1, 100), (1, 101), (2, 100), (2, 101), (3, 100), (3, 102)]
    similarity = item_knn(dataset([(u, i, "purchase", 0) for u, i in events], 3), b=0.0).toarray()
    np.testing.assert_allclose(similarity[0], [0, 2 / np.sqrt(6), 1 / np.sqrt(3)], rtol=1e-5)


def test_item_knn_trusts_a_customer_who_buys_everything_less(dataset):
    modest = [(user, item, "purchase", 0) for user in (1, 2) for item in (100, 101)]
    greedy = [(3, 100 + item, "purchase", 0) for item in range(6)]
    similarity = item_knn(dataset([*modest, *greedy], 6), b=0.0).toarray()
    assert similarity[0, 1] > 0.9
    assert similarity[0, 2] < 1 / np.sqrt(3)


def test_lift_counts_what_is_above_chance(dataset):
    """Two items, each in 4 of 10 baskets and always together: 1.6 shared baskets would be chance."""
    pairs = [(user, item, "purchase", 0) for user in range(4) for item in (100, 101)]
    others = [(user, 102, "purchase", 0) for user in range(4, 10)]
    weights = lift(dataset([*pairs, *others], 3), shrink=5.0).toarray()
    np.testing.assert_allclose(weights[0], [0, np.log(9 / 6.6), 0], rtol=1e-5)


def test_lift_of_an_item_that_everybody_buys_is_none(dataset):
    events = [(user, item, "purchase", 0) for user in range(8) for item in (100, 101 + user % 2)]
    assert not lift(dataset(events, 3)).toarray().any()


def test_lift_learns_from_anonymous_baskets(dataset):
    import pandas as pd

    baskets = pd.DataFrame({"basket": [1, 1, 2, 2, 3, 4, 5, 6], "item": [100, 101, 100, 101, 102, 102, 102, 102]})
    assert lift(dataset([], 3, baskets=baskets)).toarray()[0, 1] > 0


def test_popularity_halves_with_each_half_life(dataset, query):
    scorer = Popularity(half_life=14).fit(dataset([(1, 100, "purchase", 10), (1, 101, "purchase", 24), (2, 102, "view", 24)], 4))
    np.testing.assert_allclose(scorer.score(query(day=30)), [0.5, 1.0, 0.2 * 0.3, 0.0], rtol=1e-5)


def test_popularity_knows_nothing_of_the_future(dataset, query):
    scorer = Popularity(half_life=14).fit(dataset([(1, 100, "purchase", 10), (1, 101, "purchase", 24)], 4))
    np.testing.assert_allclose(scorer.score(query(day=20)), [1.0, 0.0, 0.0, 0.0])
    assert not scorer.score(query(day=5)).any()


def test_content_prefers_what_resembles_the_newer_of_two_likings(dataset, query):
    vectors = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0.9, 0.1, 0, 0.4], [0.1, 0.9, 0, 0.4], [0, 0, 1, 0]])
    scorer = Likeness("content", of_history).fit(dataset([], 5, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)))
    scores = scorer.score(query(0, 1, ages=[365, 0]))
    assert scores[3] > scores[2]
    assert scorer.evidence(query(0, 1, ages=[365, 0]), 3) == 1


@pytest.mark.parametrize(("name", "wish"), [("text", of_text), ("interest", of_interest)])
def test_words_and_interests_score_their_nearest_item_highest(name, wish, dataset, query):
    scores = Likeness(name, wish).fit(dataset([], 4)).score(query(**{name: [0, 0, 1, 0]}))
    assert scores.argmax() == 2
    np.testing.assert_allclose(scores[2], 1.0, rtol=1e-5)


def test_category_shares_count_from_the_top(dataset, catalogue, query):
    items = catalogue(*({"category": category} for category in CATEGORIES))
    scores = SCORERS["category"]().fit(dataset([], items)).score(query(0))
    np.testing.assert_allclose(scores, [1.0, 1.0, 0.5, 0.0])


def test_older_likings_fade_beside_newer_ones_and_not_by_themselves(data, query):
    scorer = ItemToItem("ease", ease, half_life=10.0).fit(data)
    alone, newer = scorer.score(query(0)), scorer.score(query(2))
    np.testing.assert_allclose(scorer.score(query(0, ages=[5000])), alone, rtol=1e-6)
    np.testing.assert_allclose(scorer.score(query(0, 2, ages=[12, 2])), 0.5 * alone + newer, rtol=1e-5)


def test_the_strongest_entries_are_kept_whatever_their_sign():
    kept = strongest(np.array([[1.0, -5.0, 2.0, 0.0], [0.0, 0.0, 0.0, 3.0]], np.float32), 2)
    np.testing.assert_array_equal(kept.toarray(), [[0, -5, 2, 0], [0, 0, 0, 3]])
