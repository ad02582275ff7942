from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from shop import conversations
from shop.models import Conversation, OutboxMessage


def test_twenty_parallel_first_messages_open_one_conversation(store, factory):
    customer = factory.guest()

    def begin(_) -> int:
        with store.write() as session:
            return conversations.open_conversation(session, "web", "visitor-1", customer.id).id

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(begin, range(20)))) == 1


def test_another_address_or_channel_is_another_conversation(store, factory):
    customer = factory.guest()
    with store.write() as session:
        places = [("web", "1"), ("web", "2"), ("cli", "1")]
        assert len({conversations.open_conversation(session, c, a, customer.id).public_id for c, a in places}) == 3


def test_the_history_is_everyones_messages_in_order_from_where_it_was_left(store, factory):
    customer = factory.guest()
    with store.write() as session:
        here, there = (conversations.open_conversation(session, "web", address, customer.id) for address in "12")
        for k, author in enumerate(("customer", "bot", "customer", "agent")):
            session.add(OutboxMessage(conversation_id=here.id, author=author, payload={"text": f"message {k}"}))
            session.add(OutboxMessage(conversation_id=there.id, author="bot", payload={"text": "elsewhere"}))
            session.flush()
    with store.read() as session:
        everything = conversations.history(session, here.id)
        assert [(m.author, m.payload["text"]) for m in everything] == [
            ("customer", "message 0"),
            ("bot", "message 1"),
            ("customer", "message 2"),
            ("agent", "message 3"),
        ]
        assert conversations.history(session, here.id, after_id=everything[1].id, limit=1) == [everything[2]]


def test_a_person_is_asked_for_once(store, factory):
    customer = factory.guest()
    with store.write() as session:
        thread = conversations.open_conversation(session, "web", "1", customer.id)
    with store.write() as session:
        assert conversations.request_person(session, thread.public_id)
        assert not conversations.request_person(session, thread.public_id)
    with store.read() as session:
        assert session.get(Conversation, thread.id).state == "waiting"
        assert conversations.by_public_id(session, thread.public_id).id == thread.id
        assert conversations.by_public_id(session, "unknown") is None
