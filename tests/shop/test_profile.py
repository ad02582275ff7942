from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.profile import EvidenceItem, Profile, decay, fold, rfm

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HALF_LIFE = 30.0

INTEREST = st.builds(
    lambda kind, key, weight: {"kind": kind, "key": key, "weight": weight},
    st.sampled_from(["category", "brand", "colour", "material"]),
    st.sampled_from(["a", "b", "c"]),
    st.floats(-1, 1, allow_nan=False).map(lambda x: round(x, 3)),
)
STATEMENT = st.builds(
    lambda kind, key, weight: {"kind": kind, "key": key, "weight": weight},
    st.sampled_from(["aversion", "preference"]),
    st.sampled_from(["material:wool", "colour:blue"]),
    st.sampled_from([0.0, 1.0]),
)
OTHER = st.sampled_from(
    [
        {"kind": "price", "key": "10", "weight": 0.5},
        {"kind": "price", "key": "12", "weight": 1.0},
        {"kind": "sentiment", "key": "", "weight": -0.5},
        {"kind": "issue", "key": "damaged", "weight": 1.0},
        {"kind": "issue", "key": "*", "weight": -1.0},
    ]
)


@st.composite
def evidence(draw, least: int = 0) -> list[EvidenceItem]:
    days = draw(st.lists(st.integers(-2, 400), min_size=least, max_size=12))
    return [
        EvidenceItem(
            id=k + 1,
            at=NOW - timedelta(days=day),
            signals=draw(st.lists(st.one_of(INTEREST, STATEMENT, OTHER), max_size=4)),
            turn_id=k + 100,
            vector=np.array(draw(st.lists(st.integers(-3, 3), min_size=3, max_size=3)), dtype=np.float32) if draw(st.booleans()) else None,
        )
        for k, day in enumerate(days)
    ]


def plain(profile: Profile) -> tuple:
    vector = None if profile.vector is None else tuple(profile.vector)
    return profile.interests, profile.aversions, profile.preferences, profile.price, vector, profile.sentiment, profile.issues


def weights(rows: list[EvidenceItem]) -> dict[tuple[str, str], float]:
    """Written anew, and slowly, from the definition."""
    sums: dict[tuple[str, str], float] = {}
    for row in rows:
        for s in row.signals:
            key = s["kind"], s["key"]
            sums[key] = sums.get(key, 0.0) + s["weight"] * 0.5 ** (max((NOW - row.at).days, 0) / HALF_LIFE)
    return sums


@given(evidence(), st.randoms())
def test_the_order_in_which_evidence_is_read_does_not_matter(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert plain(fold(shuffled, NOW, HALF_LIFE)) == plain(fold(rows, NOW, HALF_LIFE))


@given(evidence())
def test_an_interest_is_the_sum_of_its_decayed_evidence_and_shares_add_up(rows):
    profile, expected = fold(rows, NOW, HALF_LIFE), weights(rows)
    for kind, interests in profile.interests.items():
        assert sum(i.share for i in interests) == pytest.approx(1)
        for interest in interests:
            assert interest.weight == pytest.approx(expected[kind, interest.key])
            assert interest.weight == pytest.approx(sum(s.weight for s in interest.sources))
        assert [i.weight for i in interests] == sorted((i.weight for i in interests), reverse=True)


@given(evidence(least=1), st.data())
def test_removing_a_row_removes_exactly_what_it_added(rows, data):
    gone = data.draw(st.sampled_from(rows))
    rest = fold([row for row in rows if row is not gone], NOW, HALF_LIFE)
    for kind in ("category", "brand", "colour", "material"):
        kept = {i.key: i.weight for i in rest.interests.get(kind, ())}
        added = weights([gone])
        for key, weight in weights(rows).items():
            if key[0] == kind and (left := weight - added.get(key, 0.0)) > 1e-9:
                assert kept[key[1]] == pytest.approx(left)
    facts = [*rest.aversions, *rest.preferences, *rest.issues]
    sources = [f.source for f in facts] + [s for some in rest.interests.values() for i in some for s in i.sources]
    assert all(source.evidence_id != gone.id for source in sources)


@given(evidence())
def test_the_newest_statement_about_a_thing_wins(rows):
    profile = fold(rows, NOW, HALF_LIFE)
    for key in ("material:wool", "colour:blue"):
        statements = [
            ((row.at, row.id), s["kind"] == "aversion", k, s["kind"], s["weight"])
            for row in rows
            for k, s in enumerate(row.signals)
            if s["key"] == key and s["kind"] in ("aversion", "preference")
        ]
        standing = max(statements)[3:] if statements else ("", 0)
        averse = key in {f"{a.attribute}:{a.value}" for a in profile.aversions}
        liked = key in {f"{p.attribute}:{p.value}" for p in profile.preferences}
        assert (averse, liked) == (standing == ("aversion", 1.0), standing == ("preference", 1.0))


def row(id: int, days: float, *signals: tuple, **more) -> EvidenceItem:
    listed = [{"kind": kind, "key": key, "weight": weight} for kind, key, weight in signals]
    return EvidenceItem(id, NOW - timedelta(days=days), listed, turn_id=id, **more)


def test_an_interest_halves_with_each_half_life_and_a_statement_does_not():
    profile = fold([row(1, 60, ("colour", "Blue", 1.0), ("aversion", "material:wool", 1.0), text="I love blue, no wool")], NOW, 30)
    interest, stated = profile.interests["colour"][0], profile.aversions[0]
    assert (interest.weight, interest.share) == (0.25, 1.0)
    assert (stated.attribute, stated.value, stated.source.text, stated.source.turn_id) == ("material", "wool", "I love blue, no wool", 1)


def test_an_aversion_taken_back_is_gone():
    rows = [row(1, 9, ("aversion", "material:wool", 1.0)), row(2, 5, ("aversion", "material:wool", 0.0))]
    assert fold(rows, NOW, 30).aversions == ()
    assert len(fold(rows[:1], NOW, 30).aversions) == 1


def test_what_was_rejected_more_than_asked_for_is_no_interest():
    assert fold([row(1, 0, ("colour", "Blue", -0.4)), row(2, 0, ("colour", "Red", 0.6))], NOW, 30).interests == {
        "colour": fold([row(2, 0, ("colour", "Red", 0.6))], NOW, 30).interests["colour"]
    }


def test_the_price_band_spans_most_of_what_was_looked_at():
    profile = fold([row(k, 0, ("price", "10", 1.0)) for k in range(20)] + [row(99, 0, ("price", "16", 1.0))], NOW, 30)
    assert (profile.price.low, profile.price.high) == (1024, 2047)
    assert 1448 <= profile.price.typical <= 1800
    assert fold([], NOW, 30).price is None


def test_the_interest_vector_leans_to_what_was_asked_for_last():
    rows = [row(1, 30, vector=np.array([1, 0], np.float32)), row(2, 0, vector=np.array([0, 1], np.float32))]
    vector = fold(rows, NOW, 30).vector
    assert vector == pytest.approx(np.array([0.5, 1]) / np.sqrt(1.25))
    assert fold([row(1, 0, vector=np.zeros(2, np.float32))], NOW, 30).vector is None


def test_sentiment_is_an_average_in_which_the_newest_counts_most():
    rows = [row(1, 30, ("sentiment", "", -1.0)), row(2, 0, ("sentiment", "", 1.0))]
    assert fold(rows, NOW, 30).sentiment == pytest.approx((1 - 0.5) / 1.5)
    assert fold([], NOW, 30).sentiment is None


def test_an_issue_is_open_from_the_first_complaint_until_it_is_closed():
    rows = [row(1, 9, ("issue", "damaged", 1.0)), row(2, 7, ("issue", "damaged", 1.0))]
    assert [(i.key, i.opened_at) for i in fold(rows, NOW, 30).issues] == [("damaged", NOW - timedelta(days=9))]
    rows.append(row(3, 5, ("issue", "*", -1.0)))
    assert fold(rows, NOW, 30).issues == ()
    rows.append(row(4, 2, ("issue", "damaged", 1.0)))
    assert [i.opened_at for i in fold(rows, NOW, 30).issues] == [NOW - timedelta(days=2)]


def test_no_evidence_is_an_empty_profile():
    assert fold([], NOW, 30).is_empty
    assert not fold([row(1, 0, ("sentiment", "", 0.5))], NOW, 30).is_empty


def test_the_future_is_the_present():
    assert decay(NOW + timedelta(days=5), NOW, 30) == 1.0


def test_recency_frequency_and_money_leave_cancelled_orders_out():
    def order(days, status, total, currency="GBP"):
        return SimpleNamespace(placed_at=NOW - timedelta(days=days), status=status, total_minor=total, currency=currency)

    result = rfm(
        [order(40, "delivered", 1000), order(12, "shipped", 500), order(1, "cancelled", 9999), order(90, "delivered", 7, "EUR")], NOW
    )
    assert (result.recency_days, result.frequency, result.monetary_minor, result.currency) == (12, 3, 1500, "GBP")
    assert rfm([], NOW).recency_days is None


def test_a_correction_drops_what_was_known_before_it_and_nothing_that_came_after():
    def row(n, *signals):
        return EvidenceItem(n, NOW + timedelta(hours=n), [{"kind": k, "key": key, "weight": 1.0} for k, key in signals])

    liked = row(1, ("preference", "colour:Blue"), ("colour", "Blue"), ("colour", "Red"))
    wrong = row(2, ("correction", "colour:Blue"))
    later = row(3, ("colour", "Blue"))
    profile = fold([liked, wrong], NOW + timedelta(days=1), HALF_LIFE)
    assert profile.preferences == ()
    assert [interest.key for interest in profile.interests["colour"]] == ["Red"]
    again = fold([liked, wrong, later], NOW + timedelta(days=1), HALF_LIFE)
    assert {interest.key: len(interest.sources) for interest in again.interests["colour"]} == {"Blue": 1, "Red": 1}
