"""The terminal's way in: the internal secret, on behalf of a customer."""

from __future__ import annotations

import pytest

from tests.bot.gateway.conftest import Visitor
from tests.harness.web import facts


@pytest.fixture
def terminal(url, site_settings):
    with Visitor(url, Authorization=f"Bearer {site_settings.secret('internal_secret')}") as someone:
        del someone.http.headers["Origin"]
        yield someone


def test_the_terminal_talks_for_a_customer_and_gets_the_whole_turn(terminal, factory, rasa):
    emma = factory.customer(email="emma@shop.example")
    terminal.http.headers["X-Shopkeeper-Customer"] = "emma@shop.example"
    rasa.reply = lambda request: {
        "messages": [{"text": "Here", "products": [{"sku": "A", "title": "Mug"}]}],
        "facts": facts(intent="search", slots={"query": "mug"}),
        "state": "1",
    }
    assert terminal.send("mugs", id="turn-1").status_code == 202
    turn = terminal.http.get("/api/turns/turn-1").json()
    assert turn["messages"][0]["text"] == "Here"
    assert turn["products"][0]["title"] == "Mug"
    assert (turn["intent"], turn["confidence"], turn["facts"]["slots"]) == ("search", 0.9, {"query": "mug"})
    assert turn["timings"]["total"] > 0
    assert rasa.asked[0]["metadata"] == {
        "message_id": rasa.asked[0]["message_id"], "conversation_id": rasa.asked[0]["conversation_id"], "customer_id": emma.id,
        "signed_in": True, "channel": "cli", "locale": "en_GB",
    }  # fmt: skip


def test_conversations_of_the_terminal_are_kept_apart_by_their_name(terminal, factory, rasa):
    factory.customer(email="emma@shop.example")
    terminal.http.headers["X-Shopkeeper-Customer"] = "emma@shop.example"
    for name in ("first", "second", "first"):
        terminal.http.headers["X-Shopkeeper-Conversation"] = name
        terminal.send("hello", id=f"{name}-{len(rasa.asked)}")
        terminal.http.get(f"/api/turns/{name}-{len(rasa.asked)}", params={"wait": 5})
    terminal.wait_for(2)
    assert [request["state"] for request in rasa.asked] == [None, None, "1"]


def test_the_terminal_may_be_a_guest(terminal, rasa):
    terminal.send("hello", id="turn-1")
    assert terminal.http.get("/api/turns/turn-1").json()["messages"][0]["text"] == "1: hello"
    assert rasa.asked[0]["metadata"]["signed_in"] is False


def test_an_unknown_customer_is_named(terminal):
    terminal.http.headers["X-Shopkeeper-Customer"] = "nobody@shop.example"
    answer = terminal.send("hello")
    assert answer.status_code == 404
    assert "nobody@shop.example" in answer.json()["detail"]


def test_a_turn_not_yet_answered_is_pending(terminal, rasa):
    import time

    rasa.reply = lambda request: time.sleep(1) or {"messages": [], "facts": facts(), "state": ""}
    terminal.send("hello", id="turn-1")
    answer = terminal.http.get("/api/turns/turn-1", params={"wait": 0.2})
    assert (answer.status_code, answer.json()) == (202, {"state": "pending"})


def test_without_the_secret_there_is_no_terminal(visitor, factory):
    factory.customer(email="emma@shop.example")
    visitor.http.headers.update({"Authorization": "Bearer wrong", "X-Shopkeeper-Customer": "emma@shop.example"})
    visitor.send("hello", id="turn-1")
    visitor.wait_for(1)
    assert visitor.http.get("/api/turns/turn-1").status_code == 403
    assert visitor.http.get("/api/session").json()["signed_in"] is False


def test_health_tells_of_database_and_dispatcher(visitor):
    assert visitor.http.get("/health").json() == {"ok": True, "database": True, "dispatcher": True}
    assert visitor.http.get("/api/status").json() == {"database": True, "assistant": True}
