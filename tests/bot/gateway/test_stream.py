"""Server-sent events: nothing twice, nothing left out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from bot.gateway import outbox
from shop.models import Conversation
from tests.bot.gateway.conftest import Visitor
from tests.harness.web import echo


def events(visitor: Visitor, after: int = 0, last_event_id: int | None = None) -> Iterator[tuple[str, str, str]]:
    """(event, id, data) as they come."""
    headers = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
    with visitor.http.stream("GET", "/api/stream", params={"after": after}, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        event = {"event": "", "id": "", "data": ""}
        for line in response.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif event["data"]:
                yield event["event"], event["id"], event["data"]
                event = {"event": "", "id": "", "data": ""}


def messages(visitor: Visitor, count: int, **where: int) -> list[dict]:
    found = []
    for event, id, data in events(visitor, **where):
        if event == "message":
            found.append(json.loads(data))
            assert found[-1]["id"] == int(id)
        if len(found) == count:
            return found
    raise AssertionError(f"the stream ended after {len(found)} of {count} messages")


def test_an_answer_that_takes_its_time_is_announced_by_typing(visitor, rasa):
    thinking = threading.Event()
    rasa.reply = lambda request: thinking.wait(10) and echo(request)
    visitor.send("hello")
    seen = []
    for event, _, data in events(visitor):
        seen.append((event, data if event == "typing" else json.loads(data)["text"]))
        if seen[-1] == ("typing", "true"):
            thinking.set()
        if seen[-1] == ("typing", "false"):
            break
    assert sorted(seen[:2]) == [("message", "hello"), ("typing", "true")]
    assert sorted(seen[2:]) == [("message", "1: hello"), ("typing", "false")]


def test_a_broken_stream_resumes_behind_the_last_event(visitor):
    for k in range(3):
        visitor.send(f"m{k}")
    visitor.wait_for(3)
    every = messages(visitor, 6)
    assert [m["id"] for m in messages(visitor, 4, last_event_id=every[1]["id"])] == [m["id"] for m in every[2:]]
    assert [m["id"] for m in messages(visitor, 1, after=every[4]["id"])] == [every[5]["id"]]
    assert [m["id"] for m in messages(visitor, 2, after=0, last_event_id=every[3]["id"])] == [m["id"] for m in every[4:]]


def test_two_browser_tabs_both_get_everything(visitor):
    visitor.send("one")
    visitor.wait_for(1)
    got: list[list[dict]] = []
    tabs = [threading.Thread(target=lambda: got.append(messages(visitor, 4))) for _ in range(2)]
    for tab in tabs:
        tab.start()
    visitor.send("two")
    for tab in tabs:
        tab.join(10)
    assert len(got) == 2
    assert [m["text"] for m in got[0]] == [m["text"] for m in got[1]]


def test_what_another_process_writes_arrives_within_a_second_or_so(visitor, store):
    visitor.send("hello")
    last = visitor.wait_for(1)[0]["id"]
    with store.read() as session:
        conversation_id = session.scalars(select(Conversation.id)).one()

    def write() -> None:
        with store.write() as session:
            outbox.append(session, conversation_id, [{"text": "A colleague here"}], author="agent")

    threading.Timer(0.3, write).start()
    found = messages(visitor, 1, after=last)[0]
    assert (found["author"], found["text"]) == ("agent", "A colleague here")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_before_the_first_message_there_is_no_stream(visitor):
    assert visitor.http.get("/api/stream").status_code == 204


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_signing_out_ends_the_stream(visitor, factory):
    factory.customer(email="emma@shop.example")
    visitor.http.post("/demo/sign-in", data={"email": "emma@shop.example"})
    visitor.send("hello")
    last = visitor.wait_for(1)[0]["id"]
    twin = Visitor(visitor.url)
    twin.http.cookies = visitor.http.cookies
    threading.Timer(0.3, lambda: visitor.http.post("/api/session/sign-out")).start()
    assert [event for event, _, _ in events(twin, after=last) if event == "message"] == []
    assert twin.http.get("/api/stream").status_code == 204


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("last", ["-1", "x", "9" * 40, "1; drop"])
def test_a_strange_last_event_id_is_harmless(visitor, last):
    visitor.send("hello")
    visitor.wait_for(1)
    with visitor.http.stream("GET", "/api/stream", headers={"Last-Event-ID": last}) as response:
        assert response.status_code == 200


def test_history_comes_in_pages_and_unread_messages_are_counted(visitor):
    for k in range(3):
        visitor.send(f"m{k}")
    every = visitor.wait_for(3) and visitor.history()
    page = visitor.http.get("/api/history", params={"limit": 2}).json()
    assert ([m["id"] for m in page["messages"]], page["more"]) == ([m["id"] for m in every[-2:]], True)
    older = visitor.http.get("/api/history", params={"limit": 10, "before": every[-2]["id"]}).json()
    assert ([m["id"] for m in older["messages"]], older["more"]) == ([m["id"] for m in every[:-2]], False)
    assert visitor.http.get("/api/session", params={"read": every[0]["id"]}).json()["unread"] == 3
    assert visitor.http.get("/api/session", params={"read": every[-1]["id"]}).json()["unread"] == 0
