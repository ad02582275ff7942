"""Short questions that go on with the one before."""

from __future__ import annotations

import pytest

from bot.rasa.following import in_context, topic


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


@pytest.mark.parametrize(
    ("text", "heard", "before", "meant"),
    [
        ("how long does that take", "ask_delivery_time", "request_refund", "ask_refund_time"),
        ("when will i get it back", "ask_restock", "duplicate_charge", "ask_refund_time"),
        ("how long does delivery take", "ask_delivery_time", "request_refund", "ask_delivery_time"),
        ("how long do i have", "ask_delivery_time", "start_return", "ask_delivery_time"),
        ("how much", "check_price", "ask_delivery_countries", "ask_delivery_cost"),
        ("and how much would it be?", "check_price", "ask_gift_wrap", "ask_gift_wrap"),
        ("and to leeds", "inform", "ask_delivery_cost", "ask_delivery_cost"),
        ("and to leeds", "inform", "search_product", "inform"),
        ("how much is the brass lamp", "check_price", "ask_delivery_countries", "check_price"),
    ],
)
def test_a_short_question_is_about_what_was_talked_of(text, heard, before, meant):
    assert in_context(read(text, heard), before)["intent"]["name"] == meant


def test_what_is_said_in_between_changes_no_topic():
    assert topic(["thanks", "nlu_fallback", "inform", "request_refund", "search_product"]) == "request_refund"
    assert topic(["greet"]) is None
