"""A message's way: accepted once, answered once, in order, whatever stops in between."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from starlette.responses import JSONResponse

from shop.models import Conversation, Impression, InboxMessage, OutboxMessage, Turn, VisitorSession
from tests.bot.gateway.conftest import Visitor
from tests.harness.web import echo, facts


def count(store, table) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_message_is_answered_and_shown_in_the_history(visitor, store):
    assert visitor.send("hello").status_code == 202
    visitor.wait_for(1)
    assert [(m["author"], m["text"]) for m in visitor.history()] == [("customer", "hello"), ("bot", "1: hello")]
    with store.read() as session:
        turn = session.scalars(select(Turn)).one()
        assert (turn.text, turn.intent, turn.channel, turn.error) == ("hello", "greet", "web", "")
        assert {"queue", "parse", "actions", "rasa", "total"} <= turn.timings.keys()
        assert session.scalars(select(Conversation)).one().dialogue_state == b"1"


def test_the_same_message_sent_a_hundred_times_is_one_row_and_one_answer(visitor, store, rasa):
    visitor.http.get("/chat")  # for the cookie

    def send_five(_: int) -> set[int]:
        with Visitor(visitor.url) as twin:
            twin.http.cookies = visitor.http.cookies
            return {twin.send("hello", id="same-message-id").status_code for _ in range(5)}

    with ThreadPoolExecutor(20) as pool:
        codes = set().union(*pool.map(send_five, range(20)))
    assert codes == {202}
    visitor.wait_for(1)
    assert count(store, InboxMessage) == count(store, Turn) == len(rasa.asked) == 1
    assert count(store, OutboxMessage) == 2
    assert count(store, VisitorSession) == count(store, Conversation) == 1


def test_answers_come_in_the_order_of_the_messages(visitor, rasa):
    def slower_at_first(request):
        time.sleep(0.2 if request["text"] == "message 0" else 0.01)
        return echo(request)

    rasa.reply = slower_at_first
    for k in range(8):
        visitor.send(f"message {k}")
    answers = [m["text"] for m in visitor.wait_for(8)]
    assert answers == [f"{k + 1}: message {k}" for k in range(8)]


def test_one_slow_conversation_does_not_keep_others_waiting(visitor, new_visitor, rasa):
    release = threading.Event()

    def reply(request):
        if request["text"] == "slow":
            release.wait(10)
        return echo(request)

    rasa.reply = reply
    visitor.send("slow")
    with new_visitor() as other:
        other.send("quick")
        assert other.wait_for(1, seconds=2)[0]["text"] == "1: quick"
    release.set()
    visitor.wait_for(1)


def test_messages_left_unanswered_by_a_stopped_process_are_answered_by_the_next(serve, rasa_up, rasa):
    with serve() as first, Visitor(first) as visitor:
        visitor.send("one")
        visitor.send("two")
        cookies = visitor.http.cookies
    with rasa_up(), serve() as second, Visitor(second) as visitor:
        visitor.http.cookies = cookies
        assert [m["text"] for m in visitor.wait_for(2)] == ["1: one", "2: two"]


def test_without_rasa_a_note_comes_within_five_seconds_and_the_answer_when_rasa_is_back(serve, rasa_up):
    with serve() as url, Visitor(url) as visitor:
        sent = time.monotonic()
        visitor.send("anybody there?")
        note = visitor.wait_for(1, author="system", seconds=5)
        assert time.monotonic() - sent < 5
        assert "will answer" in note[0]["text"]
        with rasa_up():
            assert visitor.wait_for(1)[0]["text"] == "1: anybody there?"
        assert len(visitor.wait_for(1, author="system")) == 1


def test_a_failed_action_is_apologised_for_and_leaves_the_dialogue_where_it_was(visitor, rasa, store):
    visitor.send("hello")
    visitor.wait_for(1)
    lie = {"messages": [{"text": "Your order is placed"}], "facts": facts(failed_action="action_checkout"), "state": "spoilt"}
    rasa.reply = lambda request: lie
    visitor.send("check out")
    apology = visitor.wait_for(2)[1]
    assert "sorry" in apology["text"]
    assert apology["quick_replies"] == ["Try again", "Talk to a person"]
    with store.read() as session:
        assert session.scalars(select(Turn.error).order_by(Turn.id)).all() == ["", "action_checkout"]
        assert session.scalars(select(Conversation)).one().dialogue_state == b"1"


def test_try_again_repeats_the_failed_message_under_its_own_key(visitor, rasa):
    def fails(request):
        return {"messages": [], "facts": facts(failed_action="action_add_to_cart"), "state": ""}

    visitor.send("hello")
    visitor.wait_for(1)
    rasa.reply = fails
    visitor.send("add the mug")
    visitor.wait_for(2)
    visitor.send("Try again")
    visitor.wait_for(3)
    rasa.reply = echo
    visitor.send("try again")
    assert visitor.wait_for(4)[3]["text"] == "2: add the mug"
    assert len({request["message_id"] for request in rasa.asked[1:]}) == 1
    visitor.send("Try again")  # nothing failed before this one: it is a message like any other
    assert visitor.wait_for(5)[4]["text"] == "3: Try again"


@pytest.mark.parametrize("status", [422, 400])
def test_a_message_that_rasa_refuses_gets_an_apology_at_once(visitor, rasa, store, status):
    rasa.reply = lambda request: JSONResponse({"detail": "no"}, status)
    visitor.send("strange")
    assert "could not work on that" in visitor.wait_for(1, seconds=3)[0]["text"]
    with store.read() as session:
        assert session.scalars(select(Turn.error)).one() == f"refused: status {status}"


def test_an_answer_of_the_wrong_shape_is_not_passed_on(visitor, rasa):
    rasa.reply = lambda request: {"messages": [{"text": {"not": "text"}}], "facts": facts(), "state": "1"}
    visitor.send("hello")
    assert "could not work on that" in visitor.wait_for(1)[0]["text"]


def test_a_message_that_a_healthy_rasa_never_answers_is_given_up(serve, rasa_up, rasa):
    rasa.reply = lambda request: echo(request) if request["text"] == "next" else time.sleep(1) or {}
    with rasa_up(), serve(rasa_timeout=0.3) as url, Visitor(url) as visitor:
        visitor.send("poison")
        visitor.send("next")
        said = [m["text"] for m in visitor.wait_for(2, seconds=15)]
    assert "could not work on that" in said[0]
    assert said[1] == "1: next"


def test_a_failing_rasa_is_asked_again(visitor, rasa):
    answers = iter([JSONResponse({}, 500), JSONResponse({}, 503)])
    rasa.reply = lambda request: next(answers, None) or echo(request)
    visitor.send("hello")
    assert visitor.wait_for(1)[0]["text"] == "1: hello"
    assert len({request["message_id"] for request in rasa.asked}) == 1


def test_shown_products_are_logged_and_their_internals_stay_here(visitor, rasa, store, factory):
    first, second = factory.product(sku="A-1"), factory.product(sku="B-2")

    def card(product, position):
        return {
            "sku": product.sku, "title": product.title, "price": "£10.00", "image": "javascript:alert(1)", "url": "/p/" + product.sku,
            "stock": "low", "reason": "because you liked it", "list_id": "list-1", "position": position, "id": product.id,
            "score": 0.5, "contributions": {"content": 0.5}, "propensity": 0.8, "surface": "chat_search", "evil": "<b>",
        }  # fmt: skip

    products = [card(first, 1), card(second, 2), {**card(second, 3), "id": 999_999}]
    rasa.reply = lambda request: {"messages": [{"text": "Look", "products": products, "other": 1}], "facts": facts(), "state": "1"}
    visitor.send("show me")
    message = visitor.wait_for(1)[0]
    assert message["products"][0].keys() == {
        "sku", "title", "price", "image", "url", "stock", "colour", "size", "reason", "list_id", "position",
    }  # fmt: skip
    assert message["products"][0]["image"] == ""
    assert "other" not in message
    with store.read() as session:
        rows = session.scalars(select(Impression).order_by(Impression.position)).all()
        assert [(r.product_id, r.position, r.score, r.propensity, r.surface, r.list_id) for r in rows] == [
            (first.id, 1, 0.5, 0.8, "chat_search", "list-1"),
            (second.id, 2, 0.5, 0.8, "chat_search", "list-1"),
        ]
        assert rows[0].contributions == {"content": 0.5}
        assert rows[0].turn_id == session.scalars(select(Turn.id)).one()


def test_rasa_is_told_who_is_asking_by_the_gateway_alone(visitor, rasa, site_settings):
    visitor.send("hello", metadata={"customer_id": 1, "signed_in": True}, conversation_id="another's")
    visitor.wait_for(1)
    request = rasa.asked[0]
    assert request["metadata"]["signed_in"] is False
    assert request["conversation_id"] == request["metadata"]["conversation_id"] != "another's"
    assert request["message_id"].startswith(request["conversation_id"] + ":")
    assert rasa.secrets == {f"Bearer {site_settings.secret('internal_secret')}"}


def test_a_card_button_becomes_a_checked_command(visitor, rasa, factory):
    product = factory.product(sku="A-1")
    visitor.send("Add it", command={"name": "add_to_cart", "sku": product.sku})
    visitor.wait_for(1)
    assert rasa.asked[0]["command"] == {"intent": "add_to_cart", "entities": {"sku": "A-1"}}


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ({"name": "add_to_cart", "sku": "no-such"}, 404),
        ({"name": "forget_me", "sku": "A-1"}, 422),
        ({"name": "add_to_cart", "sku": "A-1", "entities": {"customer": 1}}, 422),
        ("/restart", 422),
    ],
)
def test_no_other_command_is_accepted(visitor, store, command, status):
    answer = visitor.send("press", command=command)
    assert answer.status_code == status
    assert answer.json().keys() == {"error", "detail"}
    assert count(store, InboxMessage) == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"client_message_id": "x1", "text": "   "}', 422),
        (b'{"client_message_id": "x1", "text": "' + b"a" * 2001 + b'"}', 413),
        (b'{"client_message_id": "", "text": "hello"}', 422),
        (b'{"client_message_id": "' + b"x" * 81 + b'", "text": "hello"}', 422),
        (b'{"client_message_id": "a b", "text": "hello"}', 422),
        (b'{"client_message_id": "x1", "text": "\\ud800"}', 422),
        (b'{"client_message_id": "x1", "text": 7}', 422),
        (b"not json", 422),
        (b"", 422),
        (b"[]", 422),
        (b"\xff\xfe", 422),
    ],
)
def test_a_malformed_message_is_refused_with_a_reason_and_stores_nothing(visitor, store, body, status):
    answer = visitor.http.post("/api/messages", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.json().keys() == {"error", "detail"}
    assert count(store, InboxMessage) == 0


def test_control_characters_are_dropped_and_the_longest_message_fits(visitor, rasa):
    visitor.send("a\x00\x07b\r\nc")
    visitor.send("é" * 2000)
    visitor.wait_for(2)
    assert [request["text"] for request in rasa.asked] == ["ab\nc", "é" * 2000]
