from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.statements import Stance, stance

SENTENCES = {
    Stance.AVERSE: [
        "no [wool] please",
        "I don't like [wool]",
        "I really don’t like [wool]",
        "i dont wear [wool]",
        "I'm allergic to [wool]",
        "I hate [leather] but I love wool",
        "I can't stand [wool]",
        "without [wool]",
        "anything but [blue]",
        "I do not want anything made of [wool]",
        "I love linen but I never wear [wool]",
        "not a fan of [blue]",
        "please avoid [leather]",
    ],
    Stance.LIKED: [
        "I love [blue]",
        "I really like [blue]",
        "my favourite colour is [blue]",
        "[Blue] is my favourite colour",
        "I hate leather but I love [wool]",
        "I'm a big fan of [Elm & Ash]",
        "I only wear [cotton]",
        "I prefer [linen] to cotton",
    ],
    Stance.REJECTED: [
        "not the [blue] one",
        "no [blue] ones",
        "I don't like the [blue] one",
        "something other than [blue]",
        "the mugs, except the [blue] ones",
    ],
    Stance.NEUTRAL: [
        "I don't mind [wool]",
        "no, [wool] is fine",
        "I'm okay with [wool] now",
    ],
    Stance.REQUEST: [
        "do you have [blue] mugs",
        "I'd love a [blue] mug",
        "I would like a [blue] mug",
        "what do you like about [blue]",
        "something like the [blue] one",
        "I like the [blue] one",
        "I don't like wool, show me [cotton]",
        "no, [blue] please",
        "never mind. show me [wool]",
        "never mind show me [wool]",
        "I can't find [blue] mugs",
        "[blue]",
    ],
}


@pytest.mark.parametrize(("sentence", "expected"), [(s, stance) for stance, some in SENTENCES.items() for s in some])
def test_a_clause_tells_how_it_stands_to_what_it_names(sentence, expected):
    start = sentence.index("[")
    end = sentence.index("]") - 1
    assert stance(sentence.replace("[", "").replace("]", ""), start, end) is expected


@given(st.text(), st.integers(-5, 50), st.integers(-5, 50))
def test_any_text_and_any_position_have_an_answer(text, start, end):
    assert isinstance(stance(text, start, end), Stance)
