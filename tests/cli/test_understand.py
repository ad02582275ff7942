"""`shopkeeper understand`: what it writes of each row, and what it refuses. The bot itself is stood in for."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import understand
from cli.main import app


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """The texts the bot was given; it takes each for a question about an order."""
    texts: list[str] = []

    def read(lines):
        for line in lines:
            texts.append(json.loads(line))
            ranking = [{"name": "track_order", "confidence": 0.81}, {"name": "refund", "confidence": 0.1}]
            entities = [{"entity": "colour", "value": "Red", "start": 0, "end": 3, "extractor": "X"}]
            yield {"intent": ranking[0], "intent_ranking": ranking, "entities": entities, "out_of_scope": 0.05, "doubt": None}

    monkeypatch.setattr(understand, "_read", read)
    return texts


def run(file: Path, out: Path) -> Result:
    return CliRunner().invoke(app, ["understand", str(file), "--out", str(out)])


def written(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_row_keeps_its_columns_and_gets_what_was_understood(tmp_path: Path, asked):
    (tmp_path / "in.csv").write_text('id,Text,intent\n7,"where, is it?",mine\n8,,\n')
    assert run(tmp_path / "in.csv", tmp_path / "out.csv").exit_code == 0
    first, second = written(tmp_path / "out.csv")
    assert asked == ["where, is it?", ""]
    assert (first["id"], first["Text"], first["given_intent"], first["intent"]) == ("7", "where, is it?", "mine", "track_order")
    assert (first["confidence"], first["runner_up"], first["runner_up_confidence"]) == ("0.8100", "refund", "0.1000")
    assert json.loads(first["entities"]) == [{"entity": "colour", "value": "Red", "start": 0, "end": 3}]
    assert (first["out_of_scope"], first["doubt"], second["id"]) == ("0.0500", "", "8")


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless(tmp_path: Path, asked):
    (tmp_path / "in.csv").write_text('text\n"=HYPERLINK(""x"")"\n@cmd\nplain\n')
    run(tmp_path / "in.csv", tmp_path / "out.csv")
    assert [row["text"] for row in written(tmp_path / "out.csv")] == ['\'=HYPERLINK("x")', "'@cmd", "plain"]
    assert asked[0] == '=HYPERLINK("x")'


def test_another_encoding_and_delimiter_are_read(tmp_path: Path, asked):
    (tmp_path / "in.csv").write_bytes("text;name\ncafé crème?;Zoë\nwo ist das?;Jörg\n".encode("cp1252"))
    run(tmp_path / "in.csv", tmp_path / "out.csv")
    assert asked == ["café crème?", "wo ist das?"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [("message\nhello\n", "lacks the column"), ("", "is empty"), (None, "there is no file"), ('text\n"open\n', "quotation")],
)
def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_written(tmp_path: Path, asked, content, problem):
    if content is not None:
        (tmp_path / "in.csv").write_text(content)
    result = run(tmp_path / "in.csv", tmp_path / "out.csv")
    assert result.exit_code == 1
    assert problem in " ".join(result.output.split())
    assert {path.name for path in tmp_path.iterdir()} <= {"in.csv"}


def test_the_input_is_never_overwritten(tmp_path: Path, asked):
    (tmp_path / "in.csv").write_text("text\nhello\n")
    assert run(tmp_path / "in.csv", tmp_path / "in.csv").exit_code == 1
    assert (tmp_path / "in.csv").read_text() == "text\nhello\n"


def test_when_the_bot_fails_the_old_file_stays_and_the_reason_is_told(tmp_path: Path, monkeypatch):
    def fails(lines):
        raise understand.NotUnderstood("No trained bot in var/models/bot")
        yield {}

    monkeypatch.setattr(understand, "_read", fails)
    (tmp_path / "in.csv").write_text("text\nhello\n")
    (tmp_path / "out.csv").write_text("old")
    result = run(tmp_path / "in.csv", tmp_path / "out.csv")
    assert result.exit_code == 1
    assert "No trained bot" in result.output
    assert (tmp_path / "out.csv").read_text() == "old"
