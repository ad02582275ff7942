"""What counts as a yes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from actions.confirming import clear_yes


@pytest.mark.parametrize(
    ("text", "confidence", "yes"),
    [("yes", 1.0, True), ("👍", 0.4, True), ("?", 0.99, False), ("...", 0.9, False), ("😡", 0.95, False), ("hmm", 0.71, False)],
)
def test_only_a_clear_yes_confirms(text, confidence, yes):
    assert clear_yes(SimpleNamespace(text=text, confidence=confidence)) is yes
