"""Segments by orders: each customer is in exactly one, and the filter finds the same as the rule says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from shop import profiles, segments, transcripts
from shop.models import InboxMessage, now
from shop.profile import Rfm
from shop.transcripts_language import BadFilter
from tests.harness.talk import exchange, thread

AGES = {
    "prospect": [], "new": [10], "returning": [10, 200], "loyal": [10, 200, 900],
    "one_time": [200], "at_risk": [130, 364], "lapsed": [366, 500],
}  # fmt: skip


@given(st.integers(0, 50), st.floats(0, 5000), st.booleans())
def test_every_customer_is_in_exactly_one_segment(orders, days, guest):
    assert segments.segment_of(Rfm(days if orders else None, orders, 0, ""), guest) in segments.SEGMENTS


def test_the_filter_finds_the_members_that_the_rule_names(store, factory):
    wanted, product = {}, factory.product()
    for name, ages in AGES.items():
        customer = factory.customer()
        for age in ages:
            factory.order(customer, [(product, 1)], placed_at=now() - timedelta(days=age))
        factory.order(customer, [(product, 1)], placed_at=now() - timedelta(days=1), status="cancelled")
        wanted[name] = customer
    wanted["guest"] = factory.guest()
    with store.write() as session:
        chats = {name: thread(session, customer, name).public_id for name, customer in wanted.items()}
    with store.read() as session:
        for name, customer in wanted.items():
            assert segments.segment_of(profiles.rfm_of(session, customer.id), customer.is_guest) == name
            assert [entry.public_id for entry in transcripts.find(session, f"segment:{name}").entries] == [chats[name]]
        with pytest.raises(BadFilter, match="segment is one of"):
            transcripts.find(session, "segment:whales")


def test_the_length_of_a_conversation_follows_what_is_said_and_what_is_deleted(store, factory):
    customer = factory.customer()
    with store.write() as session:
        short, long = (thread(session, customer, name) for name in ("short", "long"))
        for chat, count in ((short, 1), (long, 3)):
            for _ in range(count):
                exchange(session, chat, "hello", "greet", {"text": "Hello!"})
        said = exchange(session, long, "bye", "goodbye")
    with store.read() as session:
        assert [entry.public_id for entry in transcripts.find(session, "length:7").entries] == [long.public_id]
        assert [entry.public_id for entry in transcripts.find(session, "length<3").entries] == [short.public_id]
    with store.write() as session:
        session.execute(delete(InboxMessage).where(InboxMessage.id == said.inbox_id))
    with store.read() as session:
        assert [entry.messages for entry in transcripts.find(session, "length:6").entries] == [6]
