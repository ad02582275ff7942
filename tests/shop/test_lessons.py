"""Which messages are worth a look, and what is decided about them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from shop import lessons, privacy
from shop.errors import ShopError
from shop.models import Conversation, Handover, InboxMessage, Lesson, Turn, now
from worker.lessons import Lessons

START = now() - timedelta(hours=1)


@pytest.fixture
def talk(store, factory):
    """Stores messages of one customer, each (text, intent, confidence, seconds after the one before); returns the turns."""
    customer = factory.customer(name="Emma Hughes")

    def say(*messages, actions=()) -> list[Turn]:
        turns, at = [], START
        with store.write() as session:
            thread = Conversation(channel="web", address=messages[0][0], customer_id=customer.id)
            session.add(thread)
            session.flush()
            for k, (text, intent, confidence, after) in enumerate(messages):
                at += timedelta(seconds=after)
                message = InboxMessage(conversation_id=thread.id, client_message_id=str(k), text=text)
                session.add(message)
                session.flush()
                turns.append(
                    Turn(
                        conversation_id=thread.id, customer_id=customer.id, inbox_id=message.id, channel="web", text=text, intent=intent,
                        confidence=confidence, actions=list(actions), at=at,
                    )
                )  # fmt: skip
                session.add(turns[-1])
        return turns

    return say


def collected(store) -> dict[str, list[str]]:
    """Text -> reasons, after the worker has looked."""
    Lessons(store, None).step()
    with store.read() as session:
        return {turn.text: lesson.reasons for lesson, turn, _ in lessons.waiting(session)}


def test_what_was_not_understood_said_again_or_doubtful_is_collected_and_the_rest_is_not(store, talk):
    talk(
        ("hello", "greet", 0.97, 0),
        ("where is that thing", "track_order", 0.41, 30),
        ("do you sell cars", "out_of_scope", 0.8, 30),
        ("blah blah", "nlu_fallback", 0.2, 30),
        ("show me the tall brass lamp", "search_product", 0.9, 600),
        ("show me that tall brass lamp", "search_product", 0.9, 20),
        ("track it", "track_order", 0.95, 600),
        ("Track it", "track_order", 0.95, 20),
        ("thanks", "thanks", 0.95, 20),
        ("", "add_to_cart", 1.0, 20),
    )
    assert collected(store) == {
        "where is that thing": ["low_confidence"],
        "do you sell cars": ["out_of_scope"],
        "blah blah": ["fallback"],
        "show me the tall brass lamp": ["rephrased"],
        "track it": ["repeated"],
    }


def test_the_message_before_a_person_was_needed_is_collected(store, talk):
    turns = talk(("is this oak or beech", "product_detail", 0.9, 0), ("i want a person", "talk_to_person", 0.99, 30))
    with store.write() as session:
        session.add(
            Handover(conversation_id=turns[0].conversation_id, reason="asked", inbox_id=turns[1].inbox_id, requested_at=turns[1].at)
        )
    assert collected(store) == {"is this oak or beech": ["person"]}


def test_looking_again_adds_nothing(store, talk):
    talk(("blah blah", "nlu_fallback", 0.2, 0))
    assert collected(store) == collected(store) == {"blah blah": ["fallback"]}


def test_many_messages_are_settled_at_once_and_ignored_ones_never_come_back(store, talk):
    talk(("blah blah", "nlu_fallback", 0.2, 0), ("blub", "nlu_fallback", 0.2, 400))
    collected(store)
    with store.write() as session:
        ids = list(session.scalars(select(Lesson.id)))
        assert lessons.decide(session, ids, "ignored", None) == 2
    assert collected(store) == {}


def test_a_correction_is_kept_until_it_is_exported_and_can_be_taken_back_before(store, talk):
    turn = talk(("where is that thing", "greet", 0.41, 0))[0]
    collected(store)
    with store.write() as session:
        lesson = lessons.lesson_of(session, turn.id)
        lessons.decide(session, [lesson.id], "corrected", None, "track_order", [{"entity": "product", "value": "thing"}])
        assert [(row.Lesson.intent, row.Turn.text) for row in lessons.to_export(session)] == [("track_order", "where is that thing")]
        lessons.reopen(session, [lesson.id])
        assert lessons.to_export(session) == []
        lessons.decide(session, [lesson.id], "corrected", None, "list_orders")
        lessons.mark_exported(session, [lesson.id], [])
        assert lessons.decide(session, [lesson.id], "ignored", None) == 0
        assert lessons.to_export(session) == []


@pytest.mark.parametrize(("state", "intent"), [("corrected", ""), ("deleted", "greet"), ("accepted", "")])
def test_a_decision_that_makes_no_sense_is_refused(store, talk, state, intent):
    turn = talk(("blah", "nlu_fallback", 0.1, 0))[0]
    with store.write() as session:
        lesson = lessons.lesson_of(session, turn.id)
    with pytest.raises(ShopError), store.write() as session:
        lessons.decide(session, [lesson.id], state, None, intent)


def test_what_is_erased_is_no_lesson_any_more(store, talk):
    turn = talk(("blah blah", "nlu_fallback", 0.2, 0))[0]
    collected(store)
    with store.write() as session:
        lessons.want_story(session, turn.conversation_id, "a test", None)
        privacy.erase(session, turn.customer_id)
    with store.read() as session:
        assert session.scalars(select(Lesson)).all() == []
        assert lessons.stories_to_export(session) == []
