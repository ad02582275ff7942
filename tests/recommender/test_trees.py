"""The ranker over all scorers: exact contributions, true against any model, and used only where it helps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import lightgbm
import numpy as np
import pytest

from recommender import learn as learning
from recommender.answers import recommend
from recommender.blend import Blend
from recommender.contract import Ask, Event
from recommender.pool import Case
from recommender.serving import untrained
from recommender.trees import ROUNDS, SETTINGS, Trees, context_of, grown, restored

START = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("habit", "ease", "due")
CONTEXT = context_of(5, 10)
WEIGHTS = np.array([0.5, 0.0, 0.5], np.float32)


def questions(rng, count=300, items=20):
    """Chosen is, of what has a high habit, what is due too; ease says nothing."""
    scores = rng.random((count, items, 3)).astype(np.float32)
    likely = np.minimum(scores[..., 0], scores[..., 2])
    wanted = likely >= np.sort(likely, axis=1)[:, [-3]]
    context = context_of(rng.integers(1, 50, count), rng.integers(0, 100, count))
    return scores, scores * WEIGHTS, context, wanted, np.ones(wanted.shape, bool)


@pytest.fixture(scope="module")
def trees():
    return grown(NAMES, *questions(np.random.default_rng(0)))


def value(trees: Trees, scores, context) -> float:
    """What all leaves add whose box holds the point, read off box by box."""
    total = 0.0
    for low, high, leaf in zip(trees.low, trees.high, trees.value, strict=True):
        edges = [trees.edges[start:end] for start, end in zip(trees.starts, trees.starts[1:], strict=False)]
        bins = [np.searchsorted(one, x) for one, x in zip(edges, (*scores, *context), strict=True)]
        total += leaf if all(a <= x <= b for a, x, b in zip(low, bins, high, strict=True)) else 0.0
    return total


def test_the_total_is_what_the_contributions_sum_to(trees):
    scores = np.random.default_rng(2).random((20, 3)).astype(np.float32)
    for context in (CONTEXT, context_of(40, 0)):
        parts = trees.contributions(scores, scores * WEIGHTS, context)
        np.testing.assert_allclose(trees.total(scores, scores * WEIGHTS, context), parts.sum(axis=1), rtol=1e-5, atol=1e-6)


def test_contributions_are_shapley_values_against_an_item_of_which_nothing_is_said(trees):
    scores = np.random.default_rng(1).random((3, 3)).astype(np.float32)
    found = trees.contributions(scores, scores * WEIGHTS, CONTEXT)
    for row, item in enumerate(np.concatenate([scores, (scores @ WEIGHTS)[:, None]], axis=1)):
        expected = np.zeros(4)
        for order in permutations(range(4)):
            known = np.zeros(4, np.float32)
            before = value(trees, known, CONTEXT)
            for feature in order:
                known[feature] = item[feature]
                after = value(trees, known, CONTEXT)
                expected[feature] += (after - before) / 24
                before = after
        of_sum = expected[3] * item[:3] * WEIGHTS / item[3]
        np.testing.assert_allclose(found[row], expected[:3] + of_sum, atol=1e-5)


def test_they_are_the_trees_that_were_learned():
    """Up to the scale, and to what an item is given of which nothing is said."""
    scores, shares, context, wanted, present = questions(np.random.default_rng(0))
    total = shares.sum(axis=2, keepdims=True)
    rows = np.concatenate([scores, total, np.repeat(context[:, None], 20, axis=1)], axis=2).reshape(-1, 6)
    data = lightgbm.Dataset(rows, wanted.ravel().astype(int), group=[20] * 300)
    model = lightgbm.train({**SETTINGS, "monotone_constraints": [1, 1, 1, 1, 0, 0]}, data, ROUNDS)
    nothing = np.concatenate([np.zeros((300, 4)), context], axis=1)
    expected = model.predict(rows).reshape(300, 20) - model.predict(nothing)[:, None]
    trees = grown(NAMES, scores, shares, context, wanted, present)
    found = np.stack([trees.contributions(scores[k], shares[k], context[k]).sum(axis=1) for k in range(50)])
    np.testing.assert_allclose(found / found.max(), expected[:50] / expected[:50].max(), atol=1e-5)


def test_they_rank_what_no_weighted_sum_can(trees):
    scores, shares, context, wanted, _ = questions(np.random.default_rng(5), 100)
    found = np.stack([trees.contributions(scores[k], shares[k], context[k]).sum(axis=1) for k in range(100)])

    def hits(total):
        return np.take_along_axis(wanted, np.argsort(-total, axis=1)[:, :3], axis=1).mean()

    assert hits(found) > 0.8
    assert hits(found) > hits(scores[..., 0] + scores[..., 2]) + 0.05
    assert found.max(axis=1).mean() == pytest.approx(1.0, abs=0.1)


def test_more_of_a_scorer_is_never_less(trees):
    rng = np.random.default_rng(2)
    scores = rng.random((200, 3)).astype(np.float32)
    more = scores + rng.random((200, 3)).astype(np.float32) * (np.arange(3) == rng.integers(0, 3, (200, 1)))
    before, after = (trees.contributions(some, some * WEIGHTS, CONTEXT) for some in (scores, more))
    assert (before > -1e-6).all()
    assert (after.sum(axis=1) >= before.sum(axis=1) - 1e-5).all()


def test_they_are_kept_as_plain_arrays(trees, tmp_path):
    np.savez(tmp_path / "trees.npz", **trees.state())
    again = restored(dict(np.load(tmp_path / "trees.npz", allow_pickle=False)))
    scores = np.random.default_rng(3).random((5, 3)).astype(np.float32)
    np.testing.assert_array_equal(again.contributions(scores, scores, CONTEXT), trees.contributions(scores, scores, CONTEXT))


def test_nothing_to_tell_items_apart_by_is_no_trees():
    scores, _, context, wanted, present = questions(np.random.default_rng(0), 40)
    assert grown(NAMES, np.zeros_like(scores), np.zeros_like(scores), context, wanted, present) is None


class Said:
    def __init__(self, name: str, scores) -> None:
        self.name, self._scores = name, np.asarray(scores, np.float32)

    def score(self, query) -> np.ndarray:
        return self._scores


def test_the_first_allowed_items_are_ranked_anew_and_the_others_stay_below(trees, query):
    rng = np.random.default_rng(4)
    size = 400
    scorers = {name: Said(name, rng.random(size)) for name in NAMES}
    weights = ({"habit": 0.5, "due": 0.5},) * 4
    blend = Blend(scorers, np.ones(size, np.float32), again=weights, trees=trees)
    asked = replace(query(1, 2, 3), again=True)
    allowed = rng.random(size) < 0.5
    parts = blend.personal_parts(asked, allowed=allowed)
    total = sum(parts.values())
    linear = sum(replace(blend, trees=None).personal_parts(asked).values())
    best = set(np.flatnonzero(allowed)[np.argsort(-linear[allowed])[:100]].tolist())
    assert set(np.flatnonzero(allowed)[np.argsort(-total[allowed])[:95]].tolist()) <= best
    assert total[allowed].max() > linear[allowed].max() * 0.5
    assert replace(blend, trees=None).personal_parts(query(1, 2, 3)).keys() == blend.personal_parts(query(1, 2, 3)).keys()
    np.testing.assert_allclose(total[list(best)[0]], sum(part[list(best)[0]] for part in parts.values()))


class SaidOf:
    """Scores by the moment asked for."""

    def __init__(self, name: str, scores: np.ndarray) -> None:
        self.name, self._scores = name, scores

    def score(self, query) -> np.ndarray:
        return self._scores[int(query.at)]


@pytest.mark.parametrize("sum_is_right", [True, False])
def test_a_shop_gets_trees_only_where_they_rank_better_for_customers_they_did_not_see(sum_is_right, query, monkeypatch):
    monkeypatch.setattr(learning, "GROVE", 100)
    scores, _, _, wanted, _ = questions(np.random.default_rng(6), 210)
    if sum_is_right:
        total = np.sqrt(scores / scores.max(axis=1, keepdims=True)) @ np.array([0.5, 0, 0.5], np.float32)
        wanted = total >= np.sort(total, axis=1)[:, [-3]]
    asked = replace(query(0, 1, 2), again=True)
    held = [Case(replace(asked, at=k), frozenset(np.flatnonzero(row).tolist()), np.zeros(0, np.int64)) for k, row in enumerate(wanted)]
    scorers = {name: SaidOf(name, scores[..., k]) for k, name in enumerate(NAMES)}
    blend = Blend(scorers, np.ones(20, np.float32), again=({"habit": 0.5, "due": 0.5},) * 4)
    assert (learning._better_trees(blend, NAMES, held) is None) == sum_is_right


def test_without_the_evidence_cited_the_score_falls_by_what_was_said(trees, dataset):
    vectors = np.random.default_rng(7).random((30, 8)) + 0.1
    rows = [(1, 100 + item, "purchase", day) for item, days in ((0, (1, 9, 17)), (1, (2, 20)), (2, (5,)), (3, (8,))) for day in days]
    data = dataset(rows, 30, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    plain, of_ours = untrained(data), replace(trees, names=("habit", "content", "terms"))
    weights = ({"habit": 0.5, "content": 0.3, "terms": 0.2},) * 4
    serving = replace(plain, blend=replace(plain.blend, again=weights, trees=of_ours))
    history = [Event(item, kind, START + timedelta(days=day)) for _, item, kind, day in sorted(rows, key=lambda row: row[3])]
    ask = Ask(n=5, history=history, exclude_bought=False, at=START + timedelta(days=25), tested=True)
    nothing = np.zeros(8, np.float32)
    shown = recommend(serving, ask, lambda text: nothing).items
    cited = [one for one in shown if one.reason.because is not None]
    assert len(cited) >= 3
    for one in shown:
        assert sum(one.contributions.values()) == pytest.approx(one.score, abs=1e-5)
    for one in cited:
        again = recommend(serving, replace(ask, n=30, tested=False, without=frozenset({one.reason.because})), lambda text: nothing)
        score = {other.item: other.score for other in again.items}[one.item]
        assert one.reason.worth == pytest.approx(one.score - score, abs=1e-5)
        assert one.reason.worth > 0
