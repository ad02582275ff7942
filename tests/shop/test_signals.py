from __future__ import annotations

import pytest

from shop.models import Product
from shop.signals import price_band, signals_of_interaction, signals_of_turn, stance_of
from shop.statements import Stance

MUG = Product(category_path="Home > Kitchen > Mugs", brand="Elm & Ash", colour="Blue", material="Stoneware", price_minor=1250)


def entity(text: str, name: str, value: str, **more) -> dict:
    start = text.lower().index(value.lower())
    return {"entity": name, "value": value, "start": start, "end": start + len(value), **more}


def said(text: str, intent: str = "search", *entities: tuple[str, str]) -> set[tuple]:
    found = signals_of_turn(text, intent, [entity(text, *e) for e in entities])
    return {(s["kind"], s["key"], s["weight"]) for s in found}


def test_an_interaction_speaks_for_all_that_the_product_is():
    assert signals_of_interaction("purchase", MUG, 2) == [
        {"kind": "category", "key": "Mugs", "weight": 1.0},
        {"kind": "brand", "key": "Elm & Ash", "weight": 1.0},
        {"kind": "colour", "key": "Blue", "weight": 1.0},
        {"kind": "material", "key": "Stoneware", "weight": 1.0},
        {"kind": "price", "key": "10", "weight": 1.0},
    ]


@pytest.mark.parametrize(
    ("kind", "value", "weight"),
    [
        ("view", None, 0.3),
        ("cart", 1, 0.7),
        ("like", None, 1),
        ("dislike", None, -1),
        ("rating", 5, 1),
        ("rating", 1, -1),
        ("rating", 4, 0.5),
    ],
)
def test_each_kind_of_interaction_has_its_weight(kind, value, weight):
    assert {s["weight"] for s in signals_of_interaction(kind, MUG, value)} == {weight}


@pytest.mark.parametrize(
    ("kind", "product", "value"), [("search", None, None), ("rating", MUG, 3), ("rating", MUG, None), ("view", None, None)]
)
def test_what_says_nothing_has_no_signals(kind, product, value):
    assert signals_of_interaction(kind, product, value) == []


def test_a_product_of_which_little_is_known_says_little():
    assert signals_of_interaction("view", Product(category_path="", brand="", colour="Red", material="", price_minor=0)) == [
        {"kind": "colour", "key": "Red", "weight": 0.3}
    ]


@pytest.mark.parametrize(("minor", "band"), [(1, "0"), (1023, "9"), (1024, "10"), (2047, "10"), (2048, "11"), (0, "0")])
def test_a_price_band_doubles_with_each_step(minor, band):
    assert price_band(minor) == band


def test_asking_for_something_is_an_interest():
    assert said("blue mugs please", "search", ("colour", "Blue"), ("category", "mugs")) == {
        ("colour", "Blue", 0.6),
        ("category", "mugs", 0.6),
    }


def test_stating_an_aversion_is_no_interest():
    found = said("I don't like wool", "search", ("material", "wool"))
    assert ("aversion", "material:wool", 1.0) in found
    assert {kind for kind, *_ in found} == {"aversion", "sentiment"}


def test_stating_a_liking_is_also_an_interest():
    found = said("I love blue", "inform", ("colour", "blue"))
    assert {("preference", "colour:blue", 1.0), ("colour", "blue", 1.0)} <= found


def test_the_last_word_in_a_message_counts():
    text = "I don't like wool. Actually, I love wool"
    last = text.rindex("wool")
    entities = [entity(text, "material", "wool"), {"entity": "material", "value": "wool", "start": last, "end": last + 4}]
    stated = [s for s in signals_of_turn(text, "inform", entities) if s["kind"] in ("aversion", "preference")]
    assert stated == [{"kind": "preference", "key": "material:wool", "weight": 1.0}]


def test_turning_one_thing_down_is_for_now_and_not_for_ever():
    found = said("not the blue one", "refine", ("colour", "blue"))
    assert found == {("colour", "blue", -0.4)}


def test_the_bots_reading_decides_where_the_words_do_not():
    wool = [entity("wool makes me itch", "material", "wool")]
    for intent, kinds in {
        "state_aversion": ["aversion"],
        "state_preference": ["preference", "material"],
        "dislike_product": ["material"],
        "like_product": ["material"],
    }.items():
        assert [s["kind"] for s in signals_of_turn("wool makes me itch", intent, wool)] == kinds
    minus = {"entity": "material", "value": "wool", "start": 6, "end": 10, "role": "not"}
    assert stance_of("minus wool", "state_preference", minus) is Stance.AVERSE
    assert stance_of("minus wool", "dislike_product", minus) is Stance.REJECTED
    assert signals_of_turn("minus wool", "refine", [minus]) == [{"kind": "material", "key": "wool", "weight": -0.4}]


def test_a_pressed_button_has_entities_without_positions():
    assert signals_of_turn("", "search", [{"entity": "colour", "value": "Blue"}]) == [{"kind": "colour", "key": "Blue", "weight": 0.6}]


@pytest.mark.parametrize(("role", "band"), [("max", "10"), ("about", "10"), (None, "10")])
def test_a_price_asked_for_is_a_price_interest(role, band):
    text = "mugs for 2000"
    assert signals_of_turn(text, "search", [{"entity": "price", "value": 2000, "start": 9, "end": 13, "role": role}]) == [
        {"kind": "price", "key": band, "weight": 0.6}
    ]


def test_a_lowest_price_is_none():
    assert signals_of_turn("over 2000", "search", [{"entity": "price", "value": 2000, "start": 5, "end": 9, "role": "min"}]) == []


def test_complaining_about_a_blue_mug_opens_an_issue_and_is_no_interest_in_blue():
    found = said("my blue mug arrived broken", "report_damaged", ("colour", "blue"))
    assert {(kind, key) for kind, key, _ in found} == {("issue", "damaged"), ("sentiment", "")}


@pytest.mark.parametrize(
    ("text", "intent", "issues"),
    [
        ("it is smashed", "return_item", {("damaged", 1.0)}),
        ("you sent the wrong size", "return_item", {("wrong item", 1.0)}),
        ("my parcel hasn't arrived", "track_order", {("not received", 1.0)}),
        ("I want to complain", "complaint", {("complaint", 1.0)}),
        ("it has arrived now", "inform", {("*", -1.0)}),
        ("all sorted, thanks", "thanks", {("*", -1.0)}),
        ("a vase with a cracked glaze", "search", set()),
        ("hello", "greet", set()),
    ],
)
def test_issues_are_opened_and_closed(text, intent, issues):
    assert {(key, weight) for kind, key, weight in said(text, intent) if kind == "issue"} == issues


@pytest.mark.parametrize(
    "junk", [{}, {"entity": "colour"}, {"entity": "colour", "value": ""}, {"entity": "price", "value": "dear"}, {"entity": 7}]
)
def test_an_entity_that_makes_no_sense_says_nothing(junk):
    assert signals_of_turn("hello", "search", [junk]) == []


def test_a_correction_takes_back_whatever_words_it_is_made_with():
    for text in ("forget that i like blue", "i don't like blue, that is wrong about me"):
        start = text.index("blue")
        entity = {"entity": "colour", "value": "Blue", "start": start, "end": start + 4}
        assert {"kind": "correction", "key": "colour:Blue", "weight": 1.0} in signals_of_turn(text, "correct_profile", [entity])
        assert not [s for s in signals_of_turn(text, "correct_profile", [entity]) if s["kind"] in ("preference", "aversion", "colour")]
