"""Two wishes in one message, and the answer to "which of these do you mean?"."""

from __future__ import annotations

import pytest

from bot.rasa import readings, wishes

INTENTS = {
    "forget it": "stop",
    "add the second one": "add_to_cart",
    "where is my order": "track_order",
    "where is my order?": "track_order",
    "where is my order and what does delivery cost": "track_order",
    "show me mugs": "search_product",
    "i hate wool": "state_aversion",
    "thanks": "thanks",
    "go on": "next_page",
    "put it in": "add_to_cart",
    "oh": "like_product",  # what a classifier makes of it
    "it arrived broken": "report_damaged",
    "i want to return it": "start_return",
    "what does delivery cost": "ask_delivery_cost",
}


def read(text: str) -> dict:
    name = INTENTS.get(text.strip().lower(), "unclear")
    return {"text": text, "intent": {"name": name, "confidence": 0.9 if name != "unclear" else 0.3}, "entities": []}


def split(text: str) -> list[tuple[str, int]]:
    return [(parse["text"], parse["offset"]) for parse in wishes.split(text, read(text), read)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("add the second one and where is my order?", [("add the second one", 0), ("where is my order?", 23)]),
        ("Add the second one. Where is my order?", [("Add the second one", 0), ("Where is my order?", 20)]),
        ("i hate wool, show me mugs", [("i hate wool", 0), ("show me mugs", 13)]),
        (
            "add the second one and where is my order and what does delivery cost",
            [("add the second one", 0), ("where is my order", 23), ("what does delivery cost", 45)],
        ),
    ],
)
def test_two_wishes_are_two(text, parts):
    assert split(text) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("forget it. show me mugs", [("forget it", 0), ("show me mugs", 11)]),
        ("12 Mill Lane, what does delivery cost", [("12 Mill Lane, what does delivery cost", 0)]),  # an answer stays whole
        ("forget it, thanks", [("forget it, thanks", 0)]),
        ("forget it", [("forget it", 0)]),
    ],
)
def test_a_form_may_be_left_and_a_wish_made_in_one_breath(text, parts):
    assert [(parse["text"], parse["offset"]) for parse in wishes.leaving(text, read(text), read)] == parts


@pytest.mark.parametrize(
    "text",
    [
        "show me mugs, thanks",
        "oh and where is my order?",
        "it arrived broken and i want to return it",
        "show me mugs but i hate wool",  # what is shown must know of it
        "show me mugs and show me mugs",
        "add the first one and the third",
        "go on, put it in",
        "cups and saucers",
        "and",
        "",
    ],
)
def test_one_wish_stays_one(text):
    assert split(text) == [(text, 0)]


RESPONSES = {
    "utter_meaning_track_order": [{"text": "Where is my order?"}],
    "utter_meaning_view_cart": [{"text": "Show me my cart"}],
    "utter_meaning_other": [{"text": "Something else"}],
}
ASKED = {"text": "where stuff", "entities": [{"entity": "ordinal", "value": 2}], "choices": ["track_order", "view_cart"], "stage": 1}


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        ("Where is my order?", "track_order"),
        ("where is my order", "track_order"),
        ("the second one", "view_cart"),
        ("1", "track_order"),
        ("Something else", readings.OTHER),
        ("neither", readings.OTHER),
        ("show me mugs", None),
    ],
)
def test_a_choice_is_known_by_its_wording_or_its_place(said, intent):
    assert readings.chosen(said, ASKED, RESPONSES) == intent


def test_nothing_was_asked_so_nothing_is_chosen():
    assert readings.chosen("the second one", None, RESPONSES) is None


def test_the_answer_goes_on_with_the_first_message_and_its_entities():
    parse = readings.reading(ASKED, "view_cart", "nlu_fallback")
    assert (parse["text"], parse["intent"]["name"], parse["entities"]) == ("where stuff", "view_cart", ASKED["entities"])
    assert readings.reading(ASKED, readings.OTHER, "nlu_fallback")["intent"]["name"] == "nlu_fallback"
