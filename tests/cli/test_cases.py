from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from shop import cases
from tests.conftest import factory_for


@pytest.fixture
def shop_with_cases(shop_store):
    """Runs `shopkeeper cases ...` over a store with one complaint, whose number it gives."""
    customer = factory_for(shop_store).customer(email="ada@example.com")
    with shop_store.write() as session:
        case, _ = cases.open_case(session, customer.id, "complaint", "the [red]courier[/red] was rude", "m1")
    return case.number, lambda *words: CliRunner().invoke(app, ["cases", *words])


def test_open_cases_are_listed_with_the_customers_words_as_they_are(shop_with_cases):
    number, run = shop_with_cases
    shown = run("list", "--json")
    assert [(row["number"], row["customer"], row["text"]) for row in json.loads(shown.output)] == [
        (number, "ada@example.com", "the [red]courier[/red] was rude")
    ]
    assert "[red]" in run("list").output


def test_a_closed_case_is_no_longer_listed_and_closing_it_again_says_so(shop_with_cases):
    number, run = shop_with_cases
    assert "is closed" in run("close", number.lower()).output
    assert "closed already" in run("close", number).output
    assert run("list").output.strip() == "No case is open."


def test_a_number_that_does_not_exist_is_an_error_that_says_what_to_do(shop_with_cases):
    _, run = shop_with_cases
    result = run("close", "CS-0000-0000")
    assert result.exit_code == 1
    assert "cases list" in result.output
