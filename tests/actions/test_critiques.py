from __future__ import annotations

import pytest

from actions import critiques
from recommender.contract import Critique


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("like this but less formal", ["less formal"]),
        ("that's too flowery for me", ["less flowery"]),
        ("not so fancy please", ["less fancy"]),
        ("something more colourful and less heavy", ["less heavy", "more colourful"]),
        ("something warmer", ["more warmer"]),
        ("which are the softest", ["more softest"]),
        ("which is warmest?", ["more warmest"]),
        ("it is too small", ["larger"]),
        ("one size down", ["smaller"]),
    ],
)
def test_a_critique_is_heard(text, found):
    assert critiques.phrases(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "show me more mugs",
        "more like this",
        "too expensive",
        "something cheaper",
        "a silver necklace",
        "under 20 pounds",
        "the cheapest of those",
        "which is biggest",
        "i have no interest in the rest",
        "any other colour",
        "",
    ],
)
def test_what_is_no_critique_is_not_taken_for_one(text):
    assert critiques.phrases(text) == []


def test_critiques_become_directions_and_sizes_do_not():
    assert critiques.as_directions(["less formal", "more warmer", "larger"]) == (Critique("formal", False), Critique("warmer", True))


def test_a_critique_enters_the_question_in_the_same_turn_and_stays_for_the_next_page(guest, runtime, mugs, entity):
    guest.do("action_search", "show me a mug", "search_product")
    guest.do("action_similar", "like the first one but less formal", "similar", [entity("ordinal", 1)])
    asked = runtime.recommender.asked[-1]
    assert (asked.critiques, asked.like) == ((Critique("formal", False),), (mugs[0].id,))
    guest.do("action_page", "show me more", "next_page")
    assert runtime.recommender.asked[-1].critiques == (Critique("formal", False),)


def test_words_beside_the_pointing_are_part_of_the_question(guest, runtime, mugs, entity):
    guest.do("action_search", "show me a mug", "search_product")
    guest.do("action_similar", "something like the first one for the garden", "similar", [entity("ordinal", 1)])
    assert runtime.recommender.asked[-1].text == "garden"


def test_bigger_means_a_size_beyond_that_of_the_one_in_question(guest, runtime, factory):
    small = factory.product(title="Wool Jumper", size="S", group_key="jumper")
    large = factory.product(title="Wool Jumper Large", size="L", group_key="jumper")
    guest.do("action_search", "jumper", "search_product")
    assert guest.slots["shown"][0]["id"] == small.id
    reply = guest.do("action_refine", "something bigger", "refine")
    assert runtime.recommender.asked[-1].constraints.sizes == ("M", "L")
    assert reply.titles == [large.title]
