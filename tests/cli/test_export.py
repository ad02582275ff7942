"""`shopkeeper export`."""

from __future__ import annotations

import csv
import json

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.conftest import factory_for
from tests.harness.talk import exchange, thread


@pytest.fixture
def talked(shop_store):
    """A store with two conversations, one of which begins with a formula."""
    customer = factory_for(shop_store).customer()
    with shop_store.write() as session:
        exchange(session, thread(session, customer, "1"), "=1+1", "greet", {"text": "Hello!"})
        exchange(session, thread(session, customer, "2"), "moth balls", "search_product")


def run(*arguments) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["export", *map(str, arguments)])
    return result.exit_code, result.output


def test_messages_and_conversations_are_written_in_each_format(talked, tmp_path):
    assert run("messages", "--out", tmp_path / "m.csv") == (0, f"3 messages are in {tmp_path / 'm.csv'}\n")
    with (tmp_path / "m.csv").open(newline="") as file:
        assert sorted(row["text"] for row in csv.DictReader(file)) == ["'=1+1", "Hello!", "moth balls"]
    assert run("conversations", "--format", "json", "--out", tmp_path / "c.json")[0] == 0
    assert {row["intents"] for row in json.loads((tmp_path / "c.json").read_text())} == {"greet", "search_product"}
    assert run("messages", "--format", "parquet", "--filter", "intent:greet", "--out", tmp_path / "m.parquet")[0] == 0
    assert pq.read_table(tmp_path / "m.parquet").num_rows == 2


def test_what_cannot_be_done_is_said_and_a_file_that_is_there_stays(talked, tmp_path):
    out = tmp_path / "kept.csv"
    out.write_text("kept")
    for arguments, word in ((("--filter", "colour:blue"), "no field"), (("--format", "xls"), "csv, json, parquet")):
        code, said = run("messages", *arguments, "--out", out)
        assert code == 2
        assert word in " ".join(said.replace("│", " ").split())
    assert run("messages", "--out", tmp_path / "nowhere" / "m.csv")[0] == 2
    assert out.read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".part") == []
