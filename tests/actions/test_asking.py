"""From words to constraints."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import assume, given
from hypothesis import strategies as st

from actions import asking
from actions.turn import Turn
from recommender.contract import Constraints

values = st.lists(st.sampled_from(["Red", "Blue", "Wool", "Oak"]), min_size=1, max_size=3, unique=True)
some_wishes = st.fixed_dictionaries(
    {}, optional={"colours": values, "not_colours": values, "price_max": st.integers(1, 9999), "price_min": st.integers(1, 9999)}
)


def price(minor, role, text):
    start = text.index(next(c for c in text if c.isdigit()))
    return asking.wishes([{"entity": "price", "value": minor, "role": role, "start": start, "end": len(text)}], text)


def test_under_leaves_the_price_itself_out_and_up_to_does_not():
    assert price(200, "max", "under 2 pounds") == {"price_max": 199}
    assert price(200, "max", "up to 2 pounds") == {"price_max": 200}
    assert price(200, "min", "at least 2 pounds") == {"price_min": 200}
    assert price(200, "min", "over 2 pounds") == {"price_min": 201}
    assert price(1000, "about", "around 10 pounds") == {"price_min": 800, "price_max": 1200}


def test_a_new_price_replaces_both_bounds():
    assert asking.refined({"price_min": 5, "price_max": 9}, {"price_max": 3}) == {"price_max": 3}


@given(some_wishes, some_wishes)
def test_the_newer_word_about_a_value_wins(old, new):
    assume(not set(new.get("colours", [])) & set(new.get("not_colours", [])))
    merged = asking.refined(old, new)
    assert set(new.get("not_colours", [])) <= set(merged.get("not_colours", []))
    assert merged.get("colours", []) == new.get("colours", merged.get("colours", []))
    wanted, unwanted = set(new.get("colours", [])), set(new.get("not_colours", []))
    assert not wanted & set(merged.get("not_colours", []))
    assert not unwanted & set(merged.get("colours", []))


@given(st.lists(st.sampled_from(["red", "blue", "wool"]), max_size=3, unique=True).map(tuple), some_wishes)
def test_an_aversion_of_the_profile_holds_unless_that_very_thing_is_asked_for(averse, wishes):
    narrowed = asking.constrained(Constraints(not_colours=averse), wishes)
    asked_for = {value.casefold() for value in asking.refined({}, wishes).get("colours", [])}
    assert {value for value in averse if value not in asked_for} <= {value.casefold() for value in narrowed.not_colours}


def test_search_words_are_the_message_without_price_and_without_what_is_unwanted():
    text = "mugs under 20 pounds but no red"
    entities = [
        {"entity": "price", "value": 2000, "role": "max", "start": 5, "end": 20},
        {"entity": "colour", "value": "Red", "role": "not", "start": 25, "end": 31},
    ]
    message = {
        "text": text,
        "entities": entities,
        "metadata": {"customer_id": 1, "signed_in": False, "conversation_id": "c", "message_id": "c:1"},
    }
    assert asking.query_text(Turn(None, SimpleNamespace(latest_message=message, slots={}, active_loop=None), None)) == "mugs but"
