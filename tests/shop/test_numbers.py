from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from shop.numbers import ALPHABET, new_number, normalise


def test_numbers_are_random_and_easy_to_read_out():
    numbers = {new_number() for _ in range(2000)}
    assert len(numbers) == 2000
    assert all(re.fullmatch(f"SK-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", number) for number in numbers)
    assert not set("ILOU") & set(ALPHABET)


@given(st.text(ALPHABET, min_size=8, max_size=8), st.sampled_from(["SK", "RT"]), st.sampled_from(["", " ", "-", "--"]), st.booleans())
def test_a_number_is_recognised_however_it_is_written(body, prefix, dash, lower):
    written = f" {prefix}{dash}{body[:4]}{dash}{body[4:]} "
    assert normalise(written.lower() if lower else written) == f"{prefix}-{body[:4]}-{body[4:]}"


@given(st.text())
def test_any_text_becomes_something_that_can_be_looked_up(text):
    assert len(normalise(text)) <= 40
    assert "\x00" not in normalise(text)
    assert normalise(normalise(text)) == normalise(text)
