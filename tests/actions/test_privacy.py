"""Consent, self-knowledge, forgetting, tastes, a person, questions."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop import consent
from shop.models import Conversation, ErasureRequest, Evidence, Interaction, OutboxMessage


def allowed(talk, purpose):
    with talk.runtime.store.read() as session:
        return consent.allowed(session, talk.customer.id, purpose)


def test_opting_out_and_in_is_stored_with_its_message(guest):
    guest.do("action_consent", "opt out", "opt_out")
    assert not allowed(guest, "personalisation")
    guest.do("action_consent", "opt in", "opt_in")
    guest.do("action_consent", "subscribe", "subscribe")
    assert allowed(guest, "personalisation")
    assert allowed(guest, "marketing")
    guest.do("action_consent", "unsubscribe", "unsubscribe")
    assert not allowed(guest, "marketing")


def test_forget_me_is_recorded_only_after_a_yes(guest, store):
    assert guest.do("action_forget_me", "forget me", "forget_me").responses == ["utter_confirm_forget_me"]
    with store.read() as session:
        assert session.scalars(select(ErasureRequest)).all() == []
    assert guest.do("action_confirmed", "yes", "affirm").responses == ["utter_forgotten"]
    with store.read() as session:
        assert session.scalars(select(ErasureRequest)).one().customer_id == guest.customer.id


def test_what_is_known_is_told_from_the_profile(guest, store):
    assert guest.do("action_about_me", "what do you know about me", "ask_about_me").responses[0] == "utter_about_nothing"
    signals = [{"kind": "category", "key": "Candles", "weight": 1.0}, {"kind": "aversion", "key": "material:Wool", "weight": 1.0}]
    with store.write() as session:
        session.add(Evidence(customer_id=guest.customer.id, signals=signals))
    text = guest.do("action_about_me", "what do you know about me", "ask_about_me").text.lower()
    assert "candles" in text
    assert "wool" in text


def test_an_opted_out_customer_is_told_that_a_taste_is_not_kept(guest, entity):
    guest.do("action_consent", "opt out", "opt_out")
    reply = guest.do("action_state_taste", "i love blue", "state_preference", [entity("colour", "Blue")])
    assert reply.responses == ["utter_preference_noted", "utter_taste_not_kept"]


def test_like_and_dislike_are_recorded_once(guest, mugs, store, entity):
    guest.do("action_search", "mug", "search_product")
    guest.do("action_rate", "i like the second one", "like_product", [entity("ordinal", 2)])
    guest.do("action_rate", "i like the second one", "like_product", [entity("ordinal", 2)], again=True)
    with store.read() as session:
        liked = session.scalars(select(Interaction).where(Interaction.kind == "like")).one()
    assert liked.product_id == mugs[1].id


def test_a_person_is_asked_for_once(guest, store):
    assert guest.do("action_talk_to_person").responses == ["utter_person_requested"]
    assert guest.do("action_talk_to_person").responses == ["utter_person_already"]
    with store.read() as session:
        assert session.scalars(select(Conversation.state)).one() == "waiting"


@pytest.mark.parametrize(
    ("intent", "part"),
    [("ask_delivery_time", "3 to 5"), ("ask_delivery_cost", "£3.95"), ("ask_free_delivery", "£50.00"), ("ask_return_policy", "30 days")],
)
def test_answers_hold_the_shops_own_numbers(guest, intent, part):
    assert part in guest.do("action_answer_question", "?", intent).text


def test_the_last_answer_is_repeated_from_what_was_committed(guest, store):
    assert guest.do("action_repeat").responses == ["utter_nothing_to_repeat"]
    with store.write() as session:
        thread = session.scalars(select(Conversation)).one()
        from shop.models import InboxMessage

        message = InboxMessage(conversation_id=thread.id, client_message_id="1", text="hi")
        session.add(message)
        session.flush()
        for text in ("First.", "Second."):
            session.add(OutboxMessage(conversation_id=thread.id, inbox_id=message.id, payload={"text": text}))
    assert guest.do("action_repeat").texts == ["First.", "Second."]


def test_a_taste_that_is_corrected_no_longer_rules_out_anything_here(guest, entity):
    guest.slots["never"] = {"not_materials": ["Wool"], "not_colours": ["Red"]}
    reply = guest.do("action_correct_profile", "forget that i dislike wool", "correct_profile", [entity("material", "Wool")])
    assert reply.responses == ["utter_profile_corrected"]
    assert guest.slots["never"] == {"not_colours": ["Red"]}


def test_a_correction_that_names_nothing_shows_what_is_known(guest):
    reply = guest.do("action_correct_profile", "that is wrong about me", "correct_profile")
    assert reply.responses[:2] == ["utter_which_correction", "utter_about_nothing"]
