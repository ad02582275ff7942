"""Messages that only name things of the shop."""

from __future__ import annotations

import pytest

from bot.rasa import naming


def read(text: str, *named: tuple[str, str], intent: str = "nlu_fallback", **extra) -> dict:
    entities = [
        {"entity": kind, "value": word, "start": text.index(word), "end": text.index(word) + len(word), **extra} for kind, word in named
    ]
    ranking = [{"name": intent, "confidence": 0.3}, {"name": naming.SEARCH, "confidence": 0.2}]
    return {"text": text, "intent": ranking[0], "intent_ranking": ranking, "entities": entities}


@pytest.mark.parametrize(
    "parse",
    [
        read("Show me tops", ("category", "tops")),
        read("casserole", ("product", "casserole"), intent="out_of_scope"),
        read("what's in the tops section?", ("category", "tops")),
        read("which tops are fit for the dryer", ("category", "tops")),
        read("any blue tops under 20", ("colour", "blue"), ("category", "tops"), ("price", "20")),
    ],
)
def test_names_of_the_shops_things_alone_are_a_search(parse):
    assert naming.only_names(parse)
    found = naming.read_as(parse, naming.SEARCH)
    assert found["intent"] == {"name": naming.SEARCH, "confidence": 1.0}
    assert [one["name"] for one in found["intent_ranking"]] == [naming.SEARCH, parse["intent"]["name"]]


@pytest.mark.parametrize(
    "parse",
    [
        read("my tops are torn", ("category", "tops")),  # says more
        read("no tops", ("category", "tops"), role="not"),
        read("blue", ("colour", "blue")),  # of what?
        read("tops", ("category", "tops"), intent="remove_from_cart"),  # understood
        read("tops SK-1", ("category", "tops"), ("order_number", "SK-1")),
    ],
)
def test_what_says_more_or_is_understood_is_left_alone(parse):
    assert not naming.only_names(parse)


def doubtful(*ranking: tuple[str, float]) -> dict:
    first = {"name": "nlu_fallback", "confidence": 0.4}
    return {"intent": first, "intent_ranking": [first, *({"name": name, "confidence": chance} for name, chance in ranking)]}


def test_a_wish_with_something_ruled_out_is_both_and_no_doubt():
    assert naming.wants_and_rules_out(doubtful(("search_product", 0.5), ("state_aversion", 0.4)))
    assert not naming.wants_and_rules_out(doubtful(("search_product", 0.3), ("state_aversion", 0.2)))
    assert not naming.wants_and_rules_out(doubtful(("search_product", 0.5), ("refine", 0.4), ("state_aversion", 0.1)))
