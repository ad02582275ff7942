from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from shop import privacy, profiles
from shop.consent import set_consent
from shop.conversations import open_conversation
from shop.interactions import record
from shop.models import Evidence, InboxMessage, Interaction, Turn, now
from shop.signals import signals_of_interaction, signals_of_turn


@pytest.fixture
def known(store, factory):
    """A customer who said they love blue and looked at a red mug, as the worker would have noted it."""
    customer, mug = factory.customer(), factory.product(title="Red Mug", colour="Red")
    text = "I love blue"
    with store.write() as session:
        thread = open_conversation(session, "web", "1", customer.id)
        inbox = InboxMessage(conversation_id=thread.id, client_message_id="1", text=text)
        session.add(inbox)
        session.flush()
        turn = Turn(conversation_id=thread.id, customer_id=customer.id, inbox_id=inbox.id, channel="web", text=text)
        session.add(turn)
        session.flush()
        signals = signals_of_turn(text, "inform", [{"entity": "colour", "value": "Blue", "start": 7, "end": 11}])
        vector = profiles.pack(np.array([0.6, 0.8], np.float32))
        session.add(Evidence(customer_id=customer.id, turn_id=turn.id, signals=signals, vector=vector))
        record(session, customer.id, "view", mug.id)
        view = session.scalars(select(Interaction)).one()
        session.add(Evidence(customer_id=customer.id, interaction_id=view.id, signals=signals_of_interaction("view", mug)))
    return customer, turn


def test_a_profile_names_what_each_fact_came_from(store, known):
    customer, turn = known
    with store.read() as session:
        profile = profiles.load(session, customer.id)
    blue, red = profile.interests["colour"]
    assert (blue.key, blue.sources[0].turn_id, blue.sources[0].text) == ("Blue", turn.id, "I love blue")
    assert (red.key, red.sources[0].turn_id, red.sources[0].text) == ("Red", None, "view Red Mug")
    assert red.sources[0].interaction_id is not None
    assert [(p.attribute, p.value) for p in profile.preferences] == [("colour", "Blue")]
    assert profile.vector == pytest.approx(np.array([0.6, 0.8]), abs=1e-3)
    assert profile.sentiment > 0


def test_the_profile_of_a_later_moment_has_faded(store, known):
    customer, _ = known
    with store.read() as session:
        today = profiles.load(session, customer.id, half_life_days=10)
        later = profiles.load(session, customer.id, now() + timedelta(days=10), half_life_days=10)
    assert later.interests["colour"][0].weight == pytest.approx(today.interests["colour"][0].weight / 2, rel=1e-3)


def test_deleting_a_turn_removes_what_only_it_supported(store, known):
    customer, turn = known
    with store.write() as session:
        privacy.delete_turn(session, turn.id)
    with store.read() as session:
        profile = profiles.load(session, customer.id)
    assert [i.key for i in profile.interests["colour"]] == ["Red"]
    assert (profile.preferences, profile.vector, profile.sentiment) == ((), None, None)


def test_who_opted_out_has_an_empty_profile_until_they_opt_in_again(store, known):
    customer, _ = known
    for allowed in (False, True):
        with store.write() as session:
            set_consent(session, customer.id, "personalisation", allowed, "chat")
        with store.read() as session:
            assert profiles.load(session, customer.id).is_empty is not allowed


def test_recency_frequency_and_money_are_read_from_the_orders(store, factory):
    customer, mug = factory.customer(), factory.product(price_minor=1250)
    factory.order(customer, [(mug, 2)])
    factory.order(factory.customer(), [(mug, 1)])
    with store.read() as session:
        result = profiles.rfm_of(session, customer.id)
    assert (result.frequency, result.monetary_minor) == (1, 2500)
    assert result.recency_days < 1


def test_nobody_has_an_empty_profile(store):
    with store.read() as session:
        assert profiles.load(session, 999_999).is_empty
