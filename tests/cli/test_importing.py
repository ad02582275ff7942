"""`shopkeeper import` from the command line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cli.importing import app

runner = CliRunner()


@pytest.fixture(autouse=True)
def var(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPKEEPER_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path / "var"


def test_a_file_is_imported_its_report_saved_and_the_vocabulary_written(tmp_path, var):
    file = tmp_path / "products.csv"
    file.write_text("Code,title,price,colour\nA1,Blue Mug,12.50,blue\nA2,Bowl,none,\n")
    arguments = ["generic", str(file), "--map", "sku=Code", "--report", str(tmp_path / "report.json")]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "1 products added" in result.output
    assert json.loads((tmp_path / "report.json").read_text())["rows"]["dropped"] == 1
    assert "Blue Mug" in (var / "vocabulary.json").read_text()
    assert "nothing to change" in runner.invoke(app, arguments).output


def test_a_dry_run_says_so_and_writes_no_vocabulary(tmp_path, var):
    file = tmp_path / "products.csv"
    file.write_text("sku,title,price\nA1,Mug,12.50\n")
    result = runner.invoke(app, ["generic", str(file), "--dry-run"])
    assert result.exit_code == 0
    assert "nothing was written" in result.output
    assert not (var / "vocabulary.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["shopify", "missing.csv"], "there is no file"),
        (["generic", "missing.csv", "--map", "sku"], "ours=theirs"),
        (["generic", "missing.csv", "--timezone", "Mars/Base"], "no time zone"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_without_a_traceback(arguments, words):
    result = runner.invoke(app, arguments)
    assert result.exit_code != 0
    assert words in " ".join(result.output.split())
    assert "Traceback" not in result.output


def test_the_demo_shop_is_loaded_once():
    assert "customers" in runner.invoke(app, ["demo"]).output
    assert "nothing was changed" in runner.invoke(app, ["demo"]).output
