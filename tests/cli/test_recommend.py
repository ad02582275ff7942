from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from cli.recommend import recommend
from recommender.export import export
from shop.migrate import migrate
from shop.models import Customer, Product
from shop.store import Store

app = typer.Typer()
app.command()(recommend)


@pytest.fixture
def run(request, tmp_path, monkeypatch):
    """Runs the command on a shop of three products and one customer."""
    encoders = Path(request.config.cache.mkdir("shopkeeper-encoder"))
    export(SimpleNamespace(var_dir=encoders, encoder="all-MiniLM-L6-v2"))
    (tmp_path / "encoder").symlink_to(encoders / "encoder")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("SHOPKEEPER_VAR_DIR", str(tmp_path))
    store = Store(f"sqlite:///{tmp_path / 'shop.db'}")
    migrate(store)
    with store.write() as session:
        session.add(Customer(email="ann@shop.example"))
        for sku, title in (("LAMP", "Table Lamp"), ("MUG", "Enamel [Camping] Mug"), ("CUP", "Enamel Cup")):
            session.add(Product(sku=sku, group_key=sku, title=title, price_minor=1250, currency="GBP", stock=3))
    store.close()
    monkeypatch.setattr("cli.recommend.console", Console(width=200))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_a_query_lists_what_matches_with_the_shops_prices(run):
    done = run("--query", "enamel mug", "--why")
    assert done.exit_code == 0
    assert "Enamel [Camping] Mug" in done.output
    assert "£12.50" in done.output


def test_json_can_be_read_by_a_program(run):
    answer = json.loads(run("--customer", "ANN@shop.example", "--like", "MUG", "--json", "-n", "1").stdout)
    assert answer["method"] == "similar"
    assert answer["items"][0]["sku"] == "CUP"
    assert answer["items"][0]["reason"]["because"] == "MUG"


@pytest.mark.parametrize("wrong", [("--customer", "nobody@shop.example"), ("--like", "surfboard")])
def test_what_does_not_exist_is_said_in_one_line(run, wrong):
    done = run(*wrong)
    assert done.exit_code == 1
    assert wrong[1] in done.stderr
    assert "Traceback" not in done.output


def test_an_untrained_recommender_answers_and_says_so(run):
    done = run()
    assert done.exit_code == 0
    assert "shopkeeper train" in done.stderr
