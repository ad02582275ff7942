from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.choose import Articles, best
from recommender.contract import Event
from recommender.explain import reasons, what_they_did

SHIRTS = pd.DataFrame(
    {
        "group": ["shirt", "shirt", "shirt", "mug", "mug"],
        "colour": ["blue", "red", "blue", "white", "green"],
        "size": ["M", "M", "L", "", ""],
    }
)
ALL = np.ones(5, bool)
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5])


def test_one_variant_of_an_article_is_shown():
    assert best(SCORES, ALL, Articles(SHIRTS), ALL, 5) == [0, 3]


def test_the_variant_in_the_asked_colour_and_size_is_shown():
    assert best(SCORES, ALL, Articles(SHIRTS), ALL, 1, {"red"}) == [1]
    assert best(SCORES, ALL, Articles(SHIRTS), ALL, 1, {"blue", "l"}) == [2]


def test_a_variant_in_stock_goes_before_the_asked_colour():
    assert best(SCORES, ALL, Articles(SHIRTS), np.array([True, False, True, True, True]), 1, {"red"}) == [0]


def test_a_variant_that_is_ruled_out_is_not_shown():
    assert best(SCORES, np.array([False, True, False, False, True]), Articles(SHIRTS), ALL, 5) == [1, 4]
    assert best(SCORES, np.zeros(5, bool), Articles(SHIRTS), ALL, 5) == []


@settings(max_examples=60, deadline=None)  # deadlines measure the machine, not us
@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 1), st.booleans()), max_size=400), st.integers(1, 12))
def test_the_best_articles_are_found_among_many_variants(rows, n):
    groups, scores, allowed = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.array([]),) * 3
    articles = Articles(pd.DataFrame({"group": groups.astype(str), "colour": "", "size": ""}))
    chosen = best(scores.astype(float), allowed.astype(bool), articles, np.ones(len(rows), bool), n)
    tops = sorted({g: max(s for h, s, ok in rows if h == g and ok) for g, _, ok in rows if ok}.values(), reverse=True)
    assert [scores[k] for k in chosen] == tops[:n]
    assert len({groups[k] for k in chosen}) == len(chosen)


def test_the_reason_is_the_largest_contribution():
    why = reasons({"popularity": 0.1, "ease": 0.5}, {"ease": (7, "Linen Shirt")}, {})[0]
    assert (why.scorer, why.because) == ("ease", 7)
    assert "Linen Shirt" in why.text


def test_a_reason_says_what_the_customer_did_and_nothing_they_did_not():
    did = what_they_did([_event(7, "view"), _event(7, "purchase"), _event(8, "view"), _event(9, "search")])
    assert did == {7: "you bought", 8: "you looked at"}
    assert reasons({"content": 1.0}, {"content": (7, "Mug")}, did)[0].text == "because you bought Mug"
    assert reasons({"content": 1.0}, {"content": (5, "Mug")}, did)[0].text == "similar to Mug"


def test_without_any_contribution_nothing_is_claimed():
    why = reasons({}, {}, {})[0]
    assert (why.scorer, why.because) == ("catalogue", None)


def test_collaboration_without_evidence_is_not_cited():
    assert reasons({"ease": 0.5, "popularity": 0.1}, {}, {})[0].scorer == "popularity"


def _event(item: int, kind: str) -> Event:
    return Event(item, kind, pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime())
