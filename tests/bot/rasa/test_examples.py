"""Which sets of examples are refused."""

from __future__ import annotations

from bot.rasa.examples import near_duplicates, problems

GOOD = ["where is my order", "has it shipped", "track parcel", "any news of my delivery", "it never came", "when does it arrive"]


def said(examples: dict[str, list[str]], fewest: int = 3) -> list[str]:
    return [f"{intent} {problem}" for intent, problem in problems(examples, fewest)]


def test_varied_examples_are_accepted():
    assert said({"track": GOOD, "greet": ["hi", "hello there", "good morning"]}) == []


def test_a_thin_intent_is_refused_with_its_count():
    assert said({"greet": ["hi", "hello"]}) == ["greet has 2 examples; 3 or more are wanted, said in different ways"]


def test_an_intent_after_one_pattern_is_refused_with_the_pattern():
    (problem,) = said({"track": ["where is my order", "where is my parcel", "where is it now", "track it"]})
    assert "3 of 4 examples begin with 'where is'" in problem


def test_near_duplicates_in_two_intents_are_refused_whatever_their_case_fillers_and_slips():
    for twin in ("Track my ORDER!", "please track my order", "track my oder please", "track the my order"):
        found = near_duplicates({"track": ["track my order"], "other": [twin]})
        assert bool(found) == (twin != "track my oder please"), twin  # "oder" is too short to be a slip for certain
    assert near_duplicates({"track": ["track my package"], "other": ["track my pakcage"]})


def test_a_different_word_is_no_near_duplicate():
    examples = {"a": ["create my account", "the red one", "a second"], "b": ["delete my account", "the red ones", "just a second"]}
    assert near_duplicates(examples) == []


def test_near_duplicates_within_an_intent_are_left_to_the_author():
    assert near_duplicates({"track": ["track my order", "Track my order please"]}) == []
