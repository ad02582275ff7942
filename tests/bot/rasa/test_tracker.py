"""The states that a tracker noted are those that stock Rasa finds by playing the conversation again."""

from __future__ import annotations

import copy

import pytest
from rasa.shared.core.trackers import DialogueStateTracker

from bot.rasa.tracker import RecordingTracker

PLAIN = [
    "hello",
    "find me a blue vase",
    "how long does delivery take",
    "find me a red lamp",
    "thank you",
    "hello",
    "what does shipping cost",
]
WITH_A_FORM = ["hello", "I want to return my order", "how long does delivery take", "SK-7Q2M-X9KD", "the lamp is broken", *PLAIN]


@pytest.mark.parametrize("conversation", [PLAIN, WITH_A_FORM], ids=["plain", "with a form"])
def test_every_decision_sees_the_states_it_would_see_in_stock_rasa(say, monkeypatch, conversation):
    noted, quick, pairs = RecordingTracker.past_states, [], []

    def compared(self: RecordingTracker, *asked, **more):
        quick.append(self._straight)
        states = noted(self, *asked, **more)
        pairs.append((copy.deepcopy(states), DialogueStateTracker.past_states(self, *asked, **more)))
        return states

    monkeypatch.setattr(RecordingTracker, "past_states", compared)
    for text in conversation:
        say(text)
    for states, of_stock in pairs:
        assert states == of_stock
    assert quick.count(True) > 5
