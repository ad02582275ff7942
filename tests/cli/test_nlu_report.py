"""The page about understanding: its figures, and nobody's text becomes markup."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli.nlu_report import confidence_bins, confusions, intents, matrix, rendered


def row(text: str, intent: str, guess: str, confidence: float, copy: bool = False) -> dict:
    return {"text": text, "intent": intent, "copy": copy, "ranking": [[guess, confidence], ["other", 0.01]], "familiarity": 0.0}


ROWS = [
    row("track it", "track", "track", 0.95),
    row("where is it", "track", "refund", 0.55),
    row("money back", "refund", "refund", 0.85),
    row("<script>alert(1)</script>", "refund", "track", 0.65),
]
FOUND = {
    "rows": [*ROWS, row("trakc it", "track", "track", 0.7, copy=True)],
    "doubt": {"ece": 0.02, "unsure": 0.4},
    "alike": [["track", "where is it", "refund", "where is my money", 0.9]],
}


def test_each_intent_has_its_precision_recall_and_what_it_is_taken_for():
    table = {entry["name"]: entry for entry in intents(ROWS, FOUND["rows"][-1:])}
    assert (table["track"]["precision"], table["track"]["recall"], table["track"]["support"]) == (0.5, 0.5, 2)
    assert table["track"]["taken_for"] == [("refund", 1)]
    assert (table["track"]["typos"], table["refund"]["typos"]) == (1.0, None)


def test_confidence_is_counted_in_tenths_with_the_share_of_right_ones():
    bins = confidence_bins([*ROWS, row("sure", "track", "track", 1.0)])
    assert [part["count"] for part in bins] == [0, 0, 0, 0, 0, 1, 1, 0, 1, 2]
    assert (bins[5]["right"], bins[9]["right"]) == (0.0, 1.0)
    assert bins[9]["confidence"] == pytest.approx(0.975)


def test_the_matrix_has_a_cell_for_each_pair_that_occurs():
    drawn = matrix(ROWS)
    assert drawn["names"] == ["refund", "track"]
    assert (1, 0, 1, 0.5) in drawn["cells"]
    assert sum(count for _, _, count, _ in drawn["cells"]) == 4


def test_confusions_of_two_intents_stand_together_the_surest_first():
    (worst,) = confusions(ROWS)
    assert worst["pair"] == ("refund", "track")
    assert [entry["ranking"][0][1] for entry in worst["rows"]] == [0.65, 0.55]


def test_the_page_shows_examples_as_text_and_loads_nothing_from_elsewhere():
    page = rendered(FOUND, datetime(2026, 1, 2, tzinfo=UTC))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "50.0 %" in page
    assert "http://" not in page
    assert "https://" not in page
    assert " src=" not in page
