from __future__ import annotations

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli.rules import app
from shop import merchandising
from shop.models import Product


@pytest.fixture
def run(shop_store, monkeypatch):
    """Runs the command on a store with one product; `.rules` are those stored."""
    monkeypatch.setattr("cli.rules.console", Console(width=160))
    with shop_store.write() as session:
        session.add(Product(sku="LAMP", group_key="lamp", title="Lamp", price_minor=1250, currency="GBP"))

    def call(*arguments: str):
        return CliRunner().invoke(app, list(arguments))

    def stored() -> list[tuple]:
        with shop_store.read() as session:
            return [(rule.kind, rule.field, rule.value, rule.weight) for rule in merchandising.rules(session)]

    call.rules = stored
    return call


def test_rules_are_made_listed_and_removed(run):
    assert run("pin", "sku", "LAMP", "--note", "spring window").exit_code == 0
    assert run("boost", "category", "Garden", "--by", "-0.3").exit_code == 0
    assert run("hide", "brand", "Wick & Wren", "--from", "2199-01-01").exit_code == 0
    assert run.rules() == [("pin", "sku", "LAMP", 0.0), ("boost", "category", "Garden", -0.3), ("hide", "brand", "Wick & Wren", 0.0)]
    listed = run("list").output
    assert "spring window" in listed
    assert listed.count("yes") == 2
    assert run("remove", "1").exit_code == 0
    assert len(run.rules()) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pin", "sku", "NOSUCH"), "no product 'NOSUCH'"),
        (("boost", "brand", "Fjord", "--by", "7"), "between -1 and 1"),
        (("hide", "smell", "sweet"), "about one of"),
        (("pin", "sku", "LAMP", "--from", "2027-01-02", "--until", "2027-01-01"), "ends before it starts"),
        (("remove", "99"), "no rule 99"),
    ],
)
def test_what_cannot_be_a_rule_is_said_and_nothing_is_stored(run, arguments, said):
    done = run(*arguments)
    assert done.exit_code == 1
    assert said in " ".join(done.stderr.split())
    assert run.rules() == []
