"""Short questions that go on with the one before."""

from __future__ import annotations

import pytest

from bot.rasa.following import in_context


def read(text: str, intent: str = "ask_delivery_cost") -> dict:
    ranking = [{"name": intent, "confidence": 0.9}, {"name": "ask_return_cost", "confidence": 0.1}]
    return {"text": text, "intent": ranking[0], "intent_ranking": ranking}


def test_after_how_to_return_the_postage_is_that_of_returning():
    found = in_context(read("And who pays the postage?"), "ask_return_policy")
    assert found["intent"] == {"name": "ask_return_cost", "confidence": 0.9}
    assert [one["name"] for one in found["intent_ranking"]] == ["ask_return_cost", "ask_delivery_cost"]


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("and who pays the postage", "show_product"),
        ("and who pays the postage", None),
        ("who pays the postage", "ask_return_policy"),  # a question of its own
        ("and how much is delivery", "ask_return_policy"),
    ],
)
def test_what_goes_on_with_nothing_is_left_alone(text, before):
    parse = read(text)
    assert in_context(parse, before) == parse
