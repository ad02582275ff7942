"""What reviewers decide becomes a change of files that a person can read."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shop.models import Customer
from shop.redaction import redact, words_of
from shop.settings import PROJECT
from shop.teaching import Example, Line, Script, UnknownIntent, intents_of, with_examples, with_stories

ORDERS, SMALL = Path("nlu_data/orders.yml"), Path("nlu_data/smalltalk.yml")
FILES = {
    ORDERS: """version: "3.1"

nlu:
  # where things are
  - intent: track_order
    examples: |
      - where is my order
      - track my parcel   
  - intent: list_orders # all of them
    examples: |
      - my orders

rules:
  - rule: tracking
    steps: [{intent: track_order}, {action: action_order_request}]
""",
    SMALL: """version: "3.1"

nlu:
  - intent: greet
    examples: |
      - hello
      - hi
""",
}


def changes(old: dict[Path, str], new: dict[Path, str]) -> list[str]:
    """Lines taken away and added, in the order of the files."""
    found = []
    for path in sorted(new):
        lines = list(difflib.unified_diff(old[path].splitlines(), new[path].splitlines(), n=0, lineterm=""))[2:]
        found += [line for line in lines if not line.startswith("@")]
    return found


def test_an_example_is_put_below_the_others_of_its_intent_and_nothing_else_moves():
    new = with_examples(FILES, [Example("what became of my box", "track_order"), Example("good day", "greet")])
    assert changes(FILES, new) == ["+      - what became of my box", "+      - good day"]
    assert yaml.safe_load(new[ORDERS])["nlu"][0]["examples"].splitlines()[-1] == "- what became of my box"


def test_an_example_that_is_there_already_changes_nothing_however_it_is_written():
    assert with_examples(FILES, [Example("Where  is my ORDER", "track_order"), Example(" track my parcel", "track_order")]) == {}


def test_an_example_that_stands_under_another_intent_is_moved():
    new = with_examples(FILES, [Example("hi", "track_order")])
    assert changes(FILES, new) == ["+      - hi", "-      - hi"]


def test_the_last_example_of_an_intent_is_not_taken_away():
    new = with_examples(FILES, [Example("my orders", "track_order")])
    assert changes(FILES, new) == ["+      - my orders"]


def test_an_intent_without_examples_is_named():
    with pytest.raises(UnknownIntent, match="play_music"):
        with_examples(FILES, [Example("sing", "play_music")])


@given(st.lists(st.tuples(st.text(max_size=40), st.sampled_from(("track_order", "list_orders", "greet"))), max_size=6))
def test_whatever_is_said_the_files_stay_readable_and_hold_it_once(said):
    wanted = [Example(f"so {text} it is", intent) for text, intent in said]
    new = FILES | with_examples(FILES, wanted)
    found = [line for content in new.values() for entry in yaml.safe_load(content)["nlu"] for line in entry["examples"].splitlines()]
    assert all(line.startswith("- ") for line in found)
    assert len({line.strip().casefold() for line in found}) == len(found)
    assert with_examples(new, wanted[-1:]) == {}


def test_our_own_files_take_an_example_each_and_change_by_one_line_each():
    files = {path: path.read_text() for path in sorted((PROJECT / "nlu_data").glob("*.yml"))}
    for intent in intents_of(files):
        new = with_examples(files, [Example("zyx wvu tsr", intent)])
        assert changes(files, new) == ["+      - zyx wvu tsr"], intent


def test_a_conversation_becomes_a_test_and_one_of_the_same_name_is_replaced():
    first = with_stories(
        "", [Script("lost: parcel", [Line("hello: you", "greet", {}), Line("green mugs", "search_product", {"colour": "green"})])]
    )
    both = with_stories(first, [Script("other", [Line("hi", "greet", {})])])
    anew = with_stories(both, [Script("lost: parcel", [Line("hm", "", {})])])
    assert yaml.safe_load(both) == [
        {"conversation": "lost: parcel", "turns": [
            {"says": "hello: you", "intent": "greet"},
            {"says": "green mugs", "intent": "search_product", "entities": {"colour": "green"}},
        ]},
        {"conversation": "other", "turns": [{"says": "hi", "intent": "greet"}]},
    ]  # fmt: skip
    assert both.startswith(first)
    assert [story["conversation"] for story in yaml.safe_load(anew)] == ["other", "lost: parcel"]
    assert yaml.safe_load(anew)[1]["turns"] == [{"says": "hm"}]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("mail me at z.smith+1@foo.co.uk", "mail me at ada.wren@example.com"),
        ("where is sk-8N5C-W2FJ", "where is SK-7Q2M-X9KD"),
        ("call 0161 496 0000 or +44 7911 123456!", "call 07700 900123 or 07700 900123!"),
        ("card 4929-1234-5678-9012 was refused", "card 4111 1111 1111 1111 was refused"),
        ("send it to 12 Long Lane, SW1A 1AA", "send it to 1 Old Road, YO1 7HH"),
        ("my name is Zelda Smith", "my name is Ada"),
        ("Emma Hughes here, Emma from Leeds", "Ada here, Ada from York"),
        ("two mugs under 20 pounds, 1500 x 200 mm, size 38", "two mugs under 20 pounds, 1500 x 200 mm, size 38"),
    ],
)
def test_personal_data_is_replaced_and_the_rest_stays(said, kept):
    emma = Customer(name="Emma Hughes", email="emma@example.org", address={"city": "Leeds", "line1": "4 Mill Row"})
    assert redact(said, words_of(emma)) == kept
