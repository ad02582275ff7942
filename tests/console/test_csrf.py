"""The token of forms and scripts."""

from __future__ import annotations

import time

import pytest

from console.csrf import is_token, token_of
from shop.staff import SESSION_LASTS


def test_a_token_is_good_for_its_own_session_alone():
    token = token_of("secret of one", 1)
    assert is_token(token, "secret of one", 1)
    assert not is_token(token, "secret of one", 2)
    assert not is_token(token, "secret of another", 1)


@pytest.mark.parametrize(("old", "new"), [("1.", "2."), (".", ".b"), (".", ""), ("1", "")])
def test_a_token_that_was_touched_is_none(old, new):
    assert not is_token(token_of("secret", 1).replace(old, new, 1), "secret", 1)
    assert not is_token("", "secret", 1)


@pytest.mark.parametrize(("late", "good"), [(-60, True), (60, False)])
def test_a_token_ends_with_the_working_day(late, good, monkeypatch):
    token = token_of("secret", 1)
    clock = time.time() + SESSION_LASTS.total_seconds() + late
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: clock)
    assert is_token(token, "secret", 1) is good
