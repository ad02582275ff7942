"""`shopkeeper profile show` tells what is known about a customer, and from which words."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from cli import profile
from shop.consent import set_consent
from shop.models import Conversation, Evidence, InboxMessage, Interaction, Turn, now


@pytest.fixture
def run(store, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", store.url.render_as_string(hide_password=False))
    monkeypatch.setenv("SHOPKEEPER_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "150")
    return lambda *arguments: CliRunner().invoke(profile.app, ["show", *arguments])


@pytest.fixture
def emma(store, factory):
    """A customer who hates wool, likes blue, looked at a lamp, and waits for a parcel."""
    customer = factory.customer(name="Emma Hughes", email="emma@example.com", external_id="E-1")
    lamp = factory.product(title="Brass Lamp", price_minor=4000)
    factory.order(customer, [(lamp, 2)], placed_at=now() - timedelta(days=9))
    with store.write() as session:
        thread = Conversation(customer_id=customer.id, channel="web", address="a")
        session.add(thread)
        session.flush()
        said = [
            ("I can't wear wool", [{"kind": "aversion", "key": "material:Wool", "weight": 1.0}]),
            (
                "I love [bold]blue[/bold]",
                [{"kind": "preference", "key": "colour:blue", "weight": 1.0}, {"kind": "colour", "key": "blue", "weight": 1.0}],
            ),
            (
                "my order never arrived",
                [{"kind": "issue", "key": "not received", "weight": 1.0}, {"kind": "sentiment", "key": "", "weight": -0.5}],
            ),
        ]
        turns = []
        for number, (text, signals) in enumerate(said):
            message = InboxMessage(conversation_id=thread.id, client_message_id=str(number), text=text, state="done")
            session.add(message)
            session.flush()
            turn = Turn(conversation_id=thread.id, customer_id=customer.id, inbox_id=message.id, channel="web", text=text)
            session.add(turn)
            session.flush()
            session.add(Evidence(customer_id=customer.id, turn_id=turn.id, signals=signals))
            turns.append(turn.id)
        view = Interaction(customer_id=customer.id, product_id=lamp.id, kind="view", source="web")
        session.add(view)
        session.flush()
        signals = [{"kind": "category", "key": "Lighting", "weight": 0.3}, {"kind": "price", "key": "11", "weight": 0.3}]
        session.add(Evidence(customer_id=customer.id, interaction_id=view.id, signals=signals))
    customer.turns, customer.view = turns, view.id
    return customer


@pytest.mark.parametrize("by", ["id", "public_id", "external_id", "email"])
def test_a_customer_is_found_by_any_of_their_names(run, emma, by):
    done = run(str(getattr(emma, by)))
    assert done.exit_code == 0, done.output
    assert "Emma Hughes" in done.output


def test_the_facts_are_shown(run, emma):
    shown = run("emma@example.com").output
    for fact in (
        "Wool (material)",
        "blue (colour)",
        "Lighting",
        "not received",
        "personalisation: yes",
        "marketing: no",
        "1, £80.00 in all, the last 9 days ago",
    ):
        assert fact in shown, shown
    assert "I can't wear wool" not in shown


def test_why_quotes_for_each_fact_what_was_said_or_done(run, emma):
    shown = run("emma@example.com", "--why").output
    assert f"turn {emma.turns[0]}" in shown
    assert "I can't wear wool" in shown
    assert "[bold]blue[/bold]" in shown  # quoted, not followed
    assert f"interaction {emma.view}" in shown
    assert "view Brass Lamp" in shown


def test_json_has_everything_with_sources(run, emma):
    told = json.loads(run("emma@example.com", "--json").stdout)
    assert told["aversions"] == [{"attribute": "material", "value": "Wool", "sources": told["aversions"][0]["sources"]}]
    assert told["aversions"][0]["sources"][0]["turn"] == emma.turns[0]
    assert told["interests"]["category"][0]["sources"][0]["interaction"] == emma.view
    assert told["price"]["low_minor"] <= 4000 <= told["price"]["high_minor"]
    assert told["issues"][0]["key"] == "not received"
    assert told["sentiment"]["value"] == pytest.approx(-0.5, abs=0.01)
    assert [source["text"] for source in told["sentiment"]["sources"]] == ["my order never arrived"]
    assert told["orders"] == {"recency_days": pytest.approx(9, abs=0.1), "frequency": 1, "monetary_minor": 8000, "currency": "GBP"}


def test_somebody_who_opted_out_is_shown_without_a_profile(run, emma, store):
    with store.write() as session:
        set_consent(session, emma.id, "personalisation", False, "chat")
    done = run("emma@example.com")
    assert "opted out" in done.output
    assert "Wool" not in done.output
    assert json.loads(run("emma@example.com", "--json").stdout)["aversions"] == []


def test_nobody_by_that_name_is_an_error(run):
    done = run("nobody@example.com")
    assert done.exit_code == 1
    assert "There is no customer 'nobody@example.com'" in done.stderr


def test_a_guest_of_whom_nothing_is_known_is_shown_as_such(run, factory):
    shown = run(str(factory.guest().id)).output
    assert "a guest" in shown
    assert "Nothing is known" in shown


def test_a_shop_that_is_not_set_up_is_told_how_to_be(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    done = CliRunner().invoke(profile.app, ["show", "emma@example.com"])
    assert done.exit_code == 1
    assert "make run" in done.stderr
