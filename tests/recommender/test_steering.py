"""What a conversation and a merchant do to a ranking, and that every part of it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender import answers
from recommender.contract import Ask, Constraints, Critique, Event, Rule
from recommender.filters import mask
from recommender.rerank import Policy
from recommender.serving import under_rules, untrained
from tests.recommender.conftest import START

COLOURS, MATERIALS, BRANDS, CATEGORIES = (
    ("red", "blue", "navy blue"),
    ("wool", "cotton", "faux leather"),
    ("Nike", "Fjord", ""),
    ("Home", "Home > Rugs"),
)
AT = START + timedelta(days=30)


@pytest.fixture(scope="module")
def shop(dataset, catalogue):
    """Forty items in twenty articles, described by their attributes; six customers."""
    rng = np.random.default_rng(3)
    rows = [
        {
            "title": f"Thing {k // 2} {'ab'[k % 2]}",
            "group": f"g{k // 2}",
            "colour": COLOURS[k % 3],
            "material": MATERIALS[(k // 2) % 3],
            "brand": BRANDS[(k // 3) % 3],
            "category": CATEGORIES[(k // 4) % 2],
            "price": 100 * (1 + k % 10),
            "stock": k % 4,
            "cost": 100.0 + 10 * (k % 7),
            "created": (AT - timedelta(days=k)).timestamp(),
        }
        for k in range(40)
    ]
    events = [(user, 100 + int(item), "purchase", float(day)) for user in range(6) for day, item in enumerate(rng.integers(0, 40, 5))]
    vectors = rng.normal(size=(40, 8)).astype(np.float32)
    return untrained(dataset(events, catalogue(*rows), vectors / np.linalg.norm(vectors, axis=1, keepdims=True)))


def encode(text: str) -> np.ndarray:
    vector = np.random.default_rng(sum(map(ord, text))).normal(size=8).astype(np.float32)
    return vector / np.linalg.norm(vector)


some = st.lists
asks = st.builds(
    lambda history, text, like, constraints, critiques, bought, explore: Ask(
        n=8,
        history=[Event(100 + item, kind, START + timedelta(days=day)) for day, (item, kind) in enumerate(history)],
        text=text,
        like=tuple(like),
        constraints=constraints,
        critiques=tuple(critiques),
        exclude_bought=bought,
        explore=explore,
        at=AT,
    ),
    some(st.tuples(st.integers(0, 39), st.sampled_from(["view", "purchase", "like", "dislike"])), max_size=6),
    st.sampled_from(["", "red thing", "thing 3", "wool", "nike rugs", "qxz"]),
    some(st.integers(100, 139), max_size=2),
    st.builds(
        Constraints,
        price_max=st.sampled_from([None, 300, 5]),
        colours=st.sampled_from([(), ("red",), ("green",)]),
        sizes=st.sampled_from([(), ("XL",)]),
        not_colours=st.sampled_from([(), ("blue",)]),
        not_materials=st.sampled_from([(), ("wool",), ("leather", "wool")]),
        not_brands=st.sampled_from([(), ("nike",)]),
        not_categories=st.sampled_from([(), ("Rugs",)]),
        not_items=st.sampled_from([frozenset(), frozenset({101, 102})]),
    ),
    some(st.builds(Critique, st.sampled_from(["formal", "warm"]), st.booleans()), max_size=2),
    st.booleans(),
    st.sampled_from([None, 1, 2]),
)
fields = st.sampled_from(
    [("colour", "blue"), ("material", "wool"), ("brand", "Nike"), ("sku", "S101"), ("category", "Rugs"), ("tags", "x")]
)
rules = some(
    st.builds(
        lambda kind, field, weight: Rule(kind, *field, weight), st.sampled_from(["pin", "hide", "boost", "again"]), fields, st.floats(-1, 1)
    ),
    max_size=4,
)
policies = st.builds(Policy, *(st.sampled_from([0.0, 0.5, 1.0]) for _ in range(4)), st.sampled_from([0, 1, 3]))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asks, rules, policies, st.sampled_from(["recommend", "similar", "complements", "search"]))
def test_whatever_is_asked_decided_or_tried_out_a_stated_aversion_is_absolute_and_contributions_sum(shop, ask, decided, policy, way):
    """Nothing that the customer rules out is shown, nothing the merchant hides, each article once, and each score is its parts."""
    serving = under_rules(replace(shop, policy=policy), decided)
    answer = getattr(answers, way)(serving, ask, encode)
    wanted = ask.constraints
    averse = Constraints(**{name: getattr(wanted, name) for name in vars(wanted) if name.startswith("not_")}, in_stock=False)
    allowed = mask(serving.table, averse)
    hidden = serving.rules.hidden if serving.rules else np.zeros(40, bool)
    shown = [serving.data.position[one.item] for one in answer.items]
    assert all(allowed[position] and not hidden[position] for position in shown)
    assert len({int(serving.articles.code[position]) for position in shown}) == len(shown)
    for one in answer.items:
        assert sum(one.contributions.values()) == pytest.approx(one.score, abs=1e-6)
        assert 0 < one.propensity <= 1
        assert one.reason.scorer == "catalogue" or one.contributions[one.reason.scorer] > 0
    if answer.relaxed:
        assert all(relief.count > 0 and allowed[serving.data.position[relief.best]] for relief in answer.relief)


def skus(serving, answer) -> list[str]:
    return [serving.data.items["sku"].iloc[serving.data.position[one.item]] for one in answer.items]


def test_less_of_something_pushes_away_from_it_and_more_draws_near(dataset, catalogue):
    axes = np.array([[1, 0, 0], [0.8, 0.6, 0], [0.8, 0, 0.6], [0.8, -0.6, 0]], np.float32)  # the second axis is what "formal" means
    items = catalogue({"title": "Anchor"}, {"title": "Formal"}, {"title": "Plain"}, {"title": "Casual"})
    serving = untrained(dataset([], items, axes))

    def meaning(text: str) -> np.ndarray:
        return np.array([0, 1, 0] if text == "formal" else [0, 0, 0], np.float32)

    def titles(*critiques: Critique) -> list[str]:
        answer = answers.similar(serving, Ask(n=3, like=(100,), critiques=critiques), meaning)
        return [serving.data.items["title"].iloc[serving.data.position[one.item]] for one in answer.items]

    assert titles(Critique("formal", False))[0] == "Casual"
    assert titles(Critique("formal", False))[-1] == "Formal"
    assert titles(Critique("formal", True))[0] == "Formal"
    less = answers.similar(serving, Ask(n=3, like=(100,), critiques=(Critique("formal", False),)), meaning)
    shares = {one.item: one.contributions.get("critique", 0.0) for one in less.items}
    assert shares[103] > 0 > shares[101]


def test_a_pinned_product_comes_first_a_hidden_one_never_and_both_are_told(shop):
    plain = skus(shop, answers.recommend(shop, Ask(n=5, at=AT), encode))
    ruled = under_rules(shop, [Rule("pin", "sku", "S139"), Rule("pin", "sku", "S103"), Rule("hide", "sku", plain[0])])
    answer = answers.recommend(ruled, Ask(n=5, at=AT), encode)
    shown = skus(shop, answer)
    groups = [shop.data.items.set_index("sku")["group"][sku] for sku in shown[:2]]
    assert groups == ["g19", "g1"]  # the article, by the variant that is in stock
    assert plain[0] not in shown
    assert answer.items[0].reason.text == "our shop's own choice"
    assert answer.items[0].score > answer.items[1].score > answer.items[2].score
    assert answer.items[0].contributions["rules"] > 0


def test_a_pin_does_not_bring_what_was_not_searched_for(shop):
    pinned = under_rules(shop, [Rule("pin", "sku", "S139")])
    found = answers.search(pinned, Ask(n=5, text="thing 3", at=AT), encode)
    assert "g19" not in [shop.data.items.set_index("sku")["group"][sku] for sku in skus(shop, found)]


def test_a_boost_raises_by_its_share_of_the_best_score_and_lowers_below_zero(shop):
    before = {one.item: one.score for one in answers.recommend(shop, Ask(n=20, at=AT), encode).items}
    best = max(before.values())
    raised = answers.recommend(under_rules(shop, [Rule("boost", "brand", "Nike", 0.25)]), Ask(n=20, at=AT), encode)
    touched = [one for one in raised.items if "rules" in one.contributions]
    assert touched
    for one in touched:
        assert one.contributions["rules"] == pytest.approx(0.25 * best, rel=1e-5)
    lowered = answers.recommend(under_rules(shop, [Rule("boost", "brand", "Nike", -0.25)]), Ask(n=20, at=AT), encode)
    assert any(one.contributions.get("rules", 0) < 0 for one in lowered.items)


def test_what_was_bought_is_shown_again_where_the_merchant_says_so(shop):
    history = [Event(100, "purchase", START)]
    ask = Ask(n=20, history=history, at=AT)
    assert not {"S100", "S101"} & set(skus(shop, answers.recommend(shop, ask, encode)))
    allowed = under_rules(shop, [Rule("again", "sku", "S100")])
    assert {"S100", "S101"} & set(skus(shop, answers.recommend(allowed, ask, encode)))


def test_variety_costs_likeness_and_is_told_as_a_loss(dataset, catalogue):
    vectors = np.array([[1, 0], [0.99, 0.14], [0.98, 0.2], [0, 1]], np.float32)
    events = [(user, 100 + item, "purchase", 1.0) for item, users in enumerate((9, 8, 7, 5)) for user in range(users)]
    serving = untrained(dataset(events, catalogue({}, {}, {}, {}), vectors))
    ask = Ask(n=2, at=AT)
    assert [one.item for one in answers.recommend(serving, ask, encode).items] == [100, 101]
    varied = answers.recommend(replace(serving, policy=Policy(diversity=0.5)), ask, encode).items
    assert [one.item for one in varied] == [100, 103]
    longer = answers.recommend(replace(serving, policy=Policy(diversity=0.5)), replace(ask, n=4), encode).items
    assert [one.item for one in longer[:2]] == [100, 103]  # a second page goes on where the first ended
    assert longer[2].contributions["diversity"] < 0


@pytest.mark.parametrize(("name", "first"), [("freshness", "g0"), ("margin", "g4"), ("stock", None)])
def test_a_wish_of_the_shop_moves_the_ranking_and_is_a_visible_share(shop, name, first):
    answer = answers.recommend(replace(shop, policy=Policy(**{name: 1.0})), Ask(n=20, at=AT), encode)
    assert all(one.contributions[name] >= 0 for one in answer.items if name in one.contributions)
    plain = skus(shop, answers.recommend(shop, Ask(n=20, at=AT), encode))
    assert skus(shop, answer) != plain


def test_facets_count_articles_and_price_bands(shop):
    found = answers.search(shop, Ask(n=3, text="thing", at=AT), encode)
    assert set(found.facets) >= {"colour", "material", "category", "price"}
    assert sum(found.facets["material"].values()) == 20 - sum(shop.data.items.groupby("group")["stock"].max() == 0)
    assert list(found.facets["price"]) == sorted(found.facets["price"], key=lambda band: int(band.split("-")[0]))


def test_an_empty_result_says_what_giving_up_each_wish_would_bring(shop):
    ask = Ask(n=3, text="thing 3", constraints=Constraints(colours=("green",)), at=AT)
    one_wish = answers.search(shop, ask, encode)
    assert [relief.given_up for relief in one_wish.relief] == [("colour",)]
    assert one_wish.relief[0].count >= 1
    free = answers.search(shop, replace(ask, constraints=Constraints()), encode)
    assert one_wish.relief[0].best == free.items[0].item
    both = answers.search(shop, replace(ask, constraints=Constraints(colours=("green",), price_max=1)), encode)
    assert both.relaxed == ("colour", "price")
    assert [relief.given_up for relief in both.relief] == [("colour", "price")]


def test_without_the_evidence_the_score_falls_by_what_the_reason_is_worth(shop):
    history = [
        Event(item, kind, START + timedelta(days=day)) for day, (item, kind) in enumerate([(104, "like"), (111, "purchase"), (131, "view")])
    ]
    ask = Ask(n=6, history=history, tested=True, at=AT)
    answer = answers.recommend(shop, ask, encode)
    cited = [one for one in answer.items if one.reason.because is not None]
    assert cited
    for one in cited:
        less = replace(ask, n=40, without=frozenset({one.reason.because}))
        after = {other.item: other.score for other in answers.recommend(shop, less, encode).items}
        assert one.score - after[one.item] == pytest.approx(one.reason.worth, abs=1e-5)
        assert one.reason.worth > 0
