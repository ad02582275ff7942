"""Thresholds that come from held-out messages, and what they make of a message."""

from __future__ import annotations

import numpy as np
import pytest

from bot.rasa.nlu.doubt import Doubt, calibration_error, doubt_of, set_by_data, strangers

LIMITS = Doubt(unsure=0.4, ratio=0.7, pair=0.6, strange=0.8, slope=-2.0, intercept=-2.0, ece=0.0)


def ranking(*chances: float, best: str = "track") -> list[dict]:
    return [{"name": best if k == 0 else f"intent {k}", "confidence": chance} for k, chance in enumerate(chances)]


@pytest.mark.parametrize(
    ("chances", "familiar", "named", "doubt"),
    [
        ((0.9, 0.05), 0.0, False, None),
        ((0.3, 0.1), 0.0, False, "unsure"),
        ((0.45, 0.4), 0.0, False, "ambiguous"),
        ((0.2, 0.19), 0.0, False, "unsure"),  # two that are equally unlikely are no question worth asking
        ((0.9, 0.05), -3.0, False, "out_of_scope"),
        ((0.9, 0.05), -3.0, True, None),  # it names something of the catalogue
        ((1.0,), 0.0, False, None),
    ],
)
def test_doubt_follows_confidence_the_runner_up_and_familiarity(chances, familiar, named, doubt):
    assert doubt_of(ranking(*chances), familiar, named, LIMITS)[1] == doubt


def test_an_intent_for_what_is_out_of_scope_needs_no_doubt_and_raises_the_score():
    strange, doubt = doubt_of(ranking(0.95, 0.01, best="out_of_scope"), 0.0, False, LIMITS)
    assert doubt is None
    assert strange > 0.9


def test_thresholds_rise_where_low_confidence_is_mostly_wrong():
    rng = np.random.default_rng(3)
    y, classes = rng.integers(0, 10, 600), list("abcdefghij")

    def limits(right_when_low: float) -> Doubt:
        chances = np.zeros((600, 10))
        low = np.arange(600) % 2 == 0
        guess = np.where(~low | (rng.random(600) < right_when_low), y, (y + 1) % 10)
        chances[np.arange(600), guess] = np.where(low, 0.5, 0.96)
        chances += (1 - chances.sum(axis=1, keepdims=True)) / 10
        return set_by_data(y, chances, rng.normal(0, 1, 600), classes, rng.normal(-6, 1, 50))

    doubtful, sound = limits(0.1), limits(0.95)
    assert doubtful.unsure > sound.unsure
    assert doubtful.ece > sound.ece
    assert doubt_of(ranking(0.99, 0.01), -6.0, False, sound)[1] == "out_of_scope"
    assert doubt_of(ranking(0.99, 0.01), 0.0, False, sound)[1] is None


def test_the_calibration_error_is_the_gap_between_confidence_and_share_of_right():
    assert calibration_error(np.full(10, 0.75), np.arange(10) < 5) == pytest.approx(0.25)
    assert calibration_error(np.array([0.5, 0.5]), np.array([True, False])) == 0


def test_answers_of_one_retrieval_intent_count_as_one():
    chances = np.array([[0.45, 0.45, 0.1], [0.05, 0.05, 0.9]] * 30)
    limits = set_by_data(np.array([0, 2] * 30), chances, np.zeros(60), ["faq/a", "faq/b", "greet"], np.full(5, -5.0))
    assert limits.ece == pytest.approx(0.1)


def test_the_messages_out_of_scope_are_many_and_differ():
    assert len(set(strangers())) == len(strangers()) > 50
