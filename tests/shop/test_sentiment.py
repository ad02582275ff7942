from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.sentiment import sentiment


@pytest.mark.parametrize("text", ["thank you, that is perfect!", "really great service", "I love it", "not bad at all", "👍"])
def test_pleased_customers_are_recognised(text):
    assert sentiment(text) > 0.2


@pytest.mark.parametrize(
    "text", ["this is awful", "my mug arrived broken and nobody answers", "not happy at all", "I didn't like it", "worst shop ever!!", "😡"]
)
def test_annoyed_customers_are_recognised(text):
    assert sentiment(text) < -0.1


@pytest.mark.parametrize("text", ["do you have blue mugs", "where is my order SK-7Q2M-X9KD", "add two to the cart", ""])
def test_plain_questions_have_no_sentiment(text):
    assert sentiment(text) == 0


def test_strong_words_and_exclamation_marks_count_for_more():
    assert sentiment("it is bad") > sentiment("it is very bad") > sentiment("it is very bad!!!") > -1


@given(st.text())
def test_sentiment_is_bounded_for_any_text(text):
    assert -1 <= sentiment(text) <= 1


def test_a_very_long_text_is_read_quickly():
    began = time.perf_counter()
    sentiment("not very bad " * 20_000)
    assert time.perf_counter() - began < 2
