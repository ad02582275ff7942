"""A person comes into the conversation: the bot is quiet at once, nothing is lost, and it can go on afterwards."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import func, select

from shop import conversations, desk, desk_texts, outbox, staff
from shop.models import Conversation, Handover, InboxMessage, OutboxMessage, Survey, Turn
from tests.harness.web import echo, facts

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def ann(store) -> int:
    with store.write() as session:
        return staff.add(session, "ann@shop.example", "Ann", "agent", "none").id


def thread(store) -> Conversation:
    with store.read() as session:
        return session.scalars(select(Conversation)).one()


def settled(store, visitor, text: str) -> None:
    """Sends a message and waits until it is out of the inbox."""
    visitor.send(text)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with store.read() as session:
            if not session.scalar(select(func.count()).select_from(InboxMessage).where(InboxMessage.state == "pending")):
                return
        time.sleep(0.05)
    raise AssertionError("the message stayed in the inbox")


def change(store, step, *args, **more):
    chat = thread(store).id
    with store.write() as session:
        return step(session, chat, *args, **more)


def said_by(visitor, *authors: str) -> list[str]:
    return [message.get("text", "") for message in visitor.history() if message["author"] in authors]


@pytest.mark.parametrize("state", ["waiting", "open"])
def test_while_a_person_has_the_chat_the_bot_is_not_even_asked(visitor, rasa, store, ann, state):
    settled(store, visitor, "hello")
    if state == "waiting":
        change(store, desk.ask_for_person, "asked")
    else:
        change(store, desk.take, ann)
    settled(store, visitor, "are you there?")
    assert [request["text"] for request in rasa.asked] == ["hello"]
    assert said_by(visitor, "bot") == ["1: hello"]
    assert said_by(visitor, "customer") == ["hello", "are you there?"], "the agent reads it"


def test_an_answer_under_way_when_an_agent_takes_the_chat_is_not_said(visitor, rasa, store, ann):
    settled(store, visitor, "hello")
    asked, taken = threading.Event(), threading.Event()

    def slow(request):
        asked.set()
        taken.wait(10)
        return echo(request)

    rasa.reply = slow
    visitor.send("what about this?")
    assert asked.wait(10)
    change(store, desk.take, ann)
    taken.set()
    settled(store, visitor, "hm")
    assert said_by(visitor, "bot") == ["1: hello"]
    with store.read() as session:
        assert list(session.scalars(select(Turn.text))) == ["hello", "what about this?"], "its facts are kept for the transcript"


def test_the_message_that_asked_is_answered_even_if_its_answer_got_lost_once(visitor, rasa, store):
    """The action puts the conversation into the queue before its answer is committed: a crash in between must not leave it unsaid."""

    def asks(request):
        with store.write() as session:
            conversations.request_person(session, request["conversation_id"], request["message_id"])
        if len(rasa.asked) == 1:
            time.sleep(6)  # longer than the gateway waits: it asks again
        return {"messages": [{"text": "I have asked a person."}], "facts": facts(intent="talk_to_person"), "state": "1"}

    rasa.reply = asks
    visitor.send("a person please")
    assert visitor.wait_for(1, seconds=20)[0]["text"] == "I have asked a person."
    assert thread(store).state == "waiting"
    settled(store, visitor, "hello?")
    assert len(said_by(visitor, "bot")) == 1


@pytest.mark.parametrize("said", [desk_texts.CARRY_ON.lower(), "Actually, never mind.", "oh don’t bother", "never mind i found it, thanks"])
def test_carry_on_gives_a_waiting_chat_back_to_the_bot(visitor, rasa, store, said):
    settled(store, visitor, "hello")
    change(store, desk.ask_for_person, "asked")
    settled(store, visitor, said)
    assert thread(store).state == "bot"
    assert said_by(visitor, "system") == [desk_texts.carried_on()["text"]]
    settled(store, visitor, "hello again")
    assert said_by(visitor, "bot") == ["1: hello", "2: hello again"], "the dialogue is where it was"


@pytest.mark.parametrize("said", ["actually forget it, when do u open tomorrow", "never mind. can i add a mug"])
def test_who_wants_something_else_of_the_bot_instead_is_answered_by_it(visitor, rasa, store, said):
    settled(store, visitor, "hello")
    change(store, desk.ask_for_person, "asked")
    settled(store, visitor, said)
    assert thread(store).state == "bot"
    assert said_by(visitor, "bot") == ["1: hello", f"2: {said}"]


@pytest.mark.parametrize("said", ["that's fine", "never mind the wrapping, where is my order", "carry on waiting?"])
def test_what_a_person_shall_read_is_left_for_them(visitor, rasa, store, said):
    settled(store, visitor, "hello")
    change(store, desk.ask_for_person, "asked")
    settled(store, visitor, said)
    assert thread(store).state == "waiting"
    assert said_by(visitor, "system") == []


def test_two_messages_not_understood_bring_a_person_in_and_the_customer_is_told(visitor, rasa, store):
    rasa.reply = lambda request: {**echo(request), "facts": facts(intent="nlu_fallback")}
    settled(store, visitor, "gnmpf")
    assert thread(store).state == "bot"
    settled(store, visitor, "gnmpf!")
    assert thread(store).state == "waiting"
    assert "colleague" in said_by(visitor, "system")[0]
    assert visitor.history()[-1]["quick_replies"] == [desk_texts.CARRY_ON]
    settled(store, visitor, "hello?")
    assert len(rasa.asked) == 2
    with store.read() as session:
        assert session.scalars(select(Handover.reason)).one() == "fallbacks"


def test_out_of_hours_the_first_message_is_acknowledged_and_no_other(serve, rasa_up, store):
    from tests.bot.gateway.conftest import Visitor

    with rasa_up(), serve(desk_hours="mon 00:00-00:01") as url, Visitor(url) as visitor:
        settled(store, visitor, "hello")
        change(store, desk.ask_for_person, "asked", out_of_hours=True)
        settled(store, visitor, "my parcel is broken")
        settled(store, visitor, "both cups")
        notes = said_by(visitor, "system")
    assert len(notes) == 1
    assert "noted" in notes[0]
    assert "on Monday" in notes[0]


def test_what_the_agent_tells_the_bot_travels_with_the_next_message_only(visitor, rasa, store, ann):
    settled(store, visitor, "hello")
    change(store, desk.take, ann)
    change(store, desk.hand_back, ann, {"order_number": "SK-1"})
    settled(store, visitor, "and now?")
    settled(store, visitor, "thanks")
    assert [request.get("slots") for request in rasa.asked] == [None, {"order_number": "SK-1"}, None]


def test_after_a_resolution_the_customer_writes_to_the_bot_again(visitor, rasa, store, ann):
    settled(store, visitor, "hello")
    change(store, desk.take, ann)
    change(store, desk.resolve, ann, "How was it?", 5)
    assert thread(store).state == "resolved"
    settled(store, visitor, "one more thing")
    assert thread(store).state == "bot"
    assert said_by(visitor, "bot")[-1] == "2: one more thing"


def test_only_the_customer_who_was_asked_can_answer_the_survey(visitor, new_visitor, store, ann):
    settled(store, visitor, "hello")
    change(store, desk.take, ann)
    change(store, desk.replied)
    survey = change(store, desk.resolve, ann, "How was it?", 5)
    path = f"/api/surveys/{survey.id}"
    with new_visitor() as other:
        other.send("hello")
        assert other.http.post(path, json={"score": 1}).status_code == 404
    assert visitor.http.post(path, json={"score": 9}).status_code == 404
    assert visitor.http.post(path, json={"score": "x"}).status_code == 422
    assert visitor.http.post(path, json={"score": 4, "comment": "good\u0000"}).status_code == 204
    with store.read() as session:
        assert session.execute(select(Survey.score, Survey.comment)).one() == (4, "good")


def test_a_thumb_is_the_customers_own_shown_again_after_a_reload_and_the_last_one_counts(visitor, new_visitor, store):
    settled(store, visitor, "hello")
    asked, answered = (message["id"] for message in visitor.history())
    path = f"/api/thumbs/{answered}"
    with new_visitor() as other:
        other.send("hello")
        assert other.http.post(path, json={"up": True}).status_code == 404
    assert visitor.http.post(f"/api/thumbs/{asked}", json={"up": True}).status_code == 404
    assert visitor.http.post(path, json={"up": "sideways"}).status_code == 422
    for up in (True, False):
        assert visitor.http.post(path, json={"up": up}).status_code == 204
    assert [message.get("thumb") for message in visitor.history()] == [None, False]


def test_a_message_of_an_agent_reaches_the_customer_like_the_bots(visitor, store, ann):
    settled(store, visitor, "hello")
    change(store, desk.take, ann)
    change(store, outbox.append, [{"text": "Ann here", "agent": "Ann"}], "agent")
    assert visitor.history()[-1] | {"at": ""} == {
        "id": visitor.history()[-1]["id"],
        "author": "agent",
        "at": "",
        "text": "Ann here",
        "agent": "Ann",
    }
    with store.read() as session:
        assert session.scalars(select(OutboxMessage.delivered_at).where(OutboxMessage.author == "agent")).one() is not None


def test_the_terminal_is_told_that_a_person_has_the_chat(url, store, site_settings, ann):
    import httpx

    secret = site_settings.secret("internal_secret")
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {secret}"}, timeout=40) as http:
        http.post("/api/messages", json={"client_message_id": "a", "text": "hello"})
        assert http.get("/api/turns/a").json()["turn_id"]
        change(store, desk.take, ann)
        http.post("/api/messages", json={"client_message_id": "b", "text": "anybody?"})
        assert http.get("/api/turns/b").json()["turn_id"] is None
