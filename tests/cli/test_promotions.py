from __future__ import annotations

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli.promotions import app


@pytest.fixture
def run(shop_store, monkeypatch):
    monkeypatch.setattr("cli.promotions.console", Console(width=160))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_a_code_is_made_listed_and_ended(run):
    assert "SPRING10 takes 10 %" in run("add", "spring10", "--percent", "10", "--minimum", "3000", "--public").output
    listed = run("list").output
    assert "SPRING10" in listed
    assert "£30.00" in listed
    assert run("end", "Spring10").exit_code == 0
    assert "No codes" in run("list").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "a b", "--percent", "10"), "letters, digits and hyphens"),
        (("add", "TEN", "--percent", "95"), "1 to 90"),
        (("add", "TEN", "--percent", "10", "--until", "2020-01-01"), "in the past"),
        (("end", "NOSUCH"), "no code NOSUCH"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_stored(run, arguments, said):
    done = run(*arguments)
    assert done.exit_code == 1
    assert said in done.output.replace("\n", " ")
    assert "No codes" in run("list").output
