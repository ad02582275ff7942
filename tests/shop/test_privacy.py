from __future__ import annotations

import json

import pytest
from sqlalchemy import func, select

from shop import conversations, desk, privacy, staff, surveys
from shop.cart import add
from shop.cases import open_case
from shop.commands import once
from shop.consent import allowed, set_consent
from shop.identity import new_session
from shop.interactions import record
from shop.models import (
    Base,
    ConsentEvent,
    Conversation,
    Customer,
    ErasureRequest,
    Evidence,
    Impression,
    InboxMessage,
    Interaction,
    Note,
    Order,
    OutboxMessage,
    ReturnRequest,
    Tag,
    Turn,
)
from shop.reviews import store_review
from shop.verification import verify_order

MARK = "zanzibar"


def say(store, customer, address, text) -> Turn:
    """A committed turn, with all that hangs on one."""
    with store.write() as session:
        thread = conversations.open_conversation(session, "web", address, customer.id)
        thread.dialogue_state = f"tracker: {text}".encode()
        inbox = InboxMessage(conversation_id=thread.id, client_message_id=text[:80], text=text)
        session.add(inbox)
        session.flush()
        turn = Turn(
            conversation_id=thread.id, customer_id=customer.id, inbox_id=inbox.id, channel="web", text=text, slots={"said": text},
            entities=[{"entity": "product", "value": text}],
        )  # fmt: skip
        session.add(turn)
        session.flush()
        session.add(OutboxMessage(conversation_id=thread.id, inbox_id=inbox.id, author="customer", payload={"text": text}))
        session.add(OutboxMessage(conversation_id=thread.id, turn_id=turn.id, inbox_id=inbox.id, payload={"text": f"You said {text}"}))
        session.add(Evidence(customer_id=customer.id, turn_id=turn.id, signals=[{"kind": "brand", "key": text, "weight": 1}]))
        record(session, customer.id, "search", query=text, source="chat", event_key=f"{thread.public_id}:{inbox.id}:search")
        return turn


def live(store, factory) -> Customer:
    """A customer who left the mark everywhere a customer can."""
    mug = factory.product()
    customer = factory.customer(
        name=MARK, email=f"{MARK}@shop.example", external_id=MARK, country=MARK, address={"line1": MARK}
    )  # fmt: skip
    order = factory.order(
        customer, [(mug, 1)], email=f"{MARK}@shop.example", address={"name": MARK}, tracking_number=MARK, number="SK-7Q2M-X9KD"
    )
    turn = say(store, customer, "address-" + MARK, f"I love {MARK}")
    with store.write() as session:
        add(session, customer.id, mug.id)
        set_consent(session, customer.id, "marketing", True, MARK)
        new_session(session, customer)
        once(session, "key", "test", lambda: {"text": MARK}, customer.id)
        open_case(session, customer.id, "damaged", MARK, "case", order_id=order.id)
        store_review(session, customer.id, order.id, mug.id, 5, MARK, "review")
        session.add(ReturnRequest(number="RT-1", order_id=order.id, lines={}, reason=MARK, refund_minor=1))
        session.add(
            Impression(
                list_id="l", customer_id=customer.id, turn_id=turn.id, product_id=mug.id, surface="chat", position=1, score=1, propensity=1
            )
        )
        thread = session.get(Conversation, turn.conversation_id)
        verify_order(session, thread.public_id, order.number, f"{MARK}@shop.example", "v1")
        verify_order(session, thread.public_id, MARK, MARK, "v2")
        colleague = staff.add(session, f"c{customer.id}@shop.example", "Ann", "agent", "none")
        desk.take(session, thread.id, colleague.id)
        desk.replied(session, thread.id)
        session.add(Note(conversation_id=thread.id, staff_id=colleague.id, text=MARK))
        session.add(Tag(conversation_id=thread.id, tag=MARK))
        desk.hand_back(session, thread.id, colleague.id, {"said": MARK})
        desk.take(session, thread.id, colleague.id)
        desk.replied(session, thread.id)
        survey = desk.resolve(session, thread.id, colleague.id, "How was it?", 5)
        surveys.answer(session, thread.id, survey.id, 1, MARK)
        privacy.request_erasure(session, customer.id, "m-1")
    return customer


def traces(store) -> set[str]:
    """The columns in which the mark stands."""
    found = set()
    with store.read() as session:
        for table in Base.metadata.tables.values():
            for row in session.execute(select(table)).mappings():
                for column, value in row.items():
                    text = value.decode(errors="ignore") if isinstance(value, bytes) else json.dumps(value, default=str)
                    if MARK in text.lower():
                        found.add(f"{table.name}.{column}")
    return found


def test_erasure_leaves_no_trace_of_the_customer_and_keeps_the_accounts(store, factory):
    customer = live(store, factory)
    assert len(traces(store)) >= 18
    for _ in range(2):
        with store.write() as session:
            privacy.erase(session, customer.id)
    assert traces(store) == set()
    with store.read() as session:
        assert session.get(Customer, customer.id) is None
        order = session.scalars(select(Order)).one()
        assert (order.customer_id, order.email, order.address, order.total_minor, len(order.lines)) == (None, "", {}, 1000, 1)
        impression = session.scalars(select(Impression)).one()
        assert (impression.customer_id, impression.turn_id) == (None, None)
        assert session.scalars(select(ErasureRequest.done_at)).one() is not None
        for table in (Conversation, InboxMessage, OutboxMessage, Turn, Evidence, Interaction, ConsentEvent):
            assert session.scalar(select(func.count()).select_from(table)) == 0, table.__tablename__


def test_erasing_one_customer_touches_nobody_else(store, factory):
    customer, other = live(store, factory), factory.customer()
    say(store, other, "elsewhere", "hello")
    with store.write() as session:
        before = privacy.about_me(session, other.id)
        privacy.erase(session, customer.id)
    with store.read() as session:
        assert privacy.about_me(session, other.id) == before


def test_asking_twice_to_be_forgotten_is_one_request(store, factory):
    customer = factory.guest()
    for message in ("m1", "m1", "m2", None):
        with store.write() as session:
            privacy.request_erasure(session, customer.id, message)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(ErasureRequest)) == 1


def test_deleting_a_turn_removes_its_words_everywhere_and_nothing_of_the_others(store, factory):
    customer = factory.guest()
    mug = factory.product()
    kept, gone = say(store, customer, "here", "I love Bristol"), say(store, customer, "here", f"I love {MARK}")
    with store.write() as session:
        session.add(Impression(list_id="l", turn_id=gone.id, product_id=mug.id, surface="c", position=1, score=1, propensity=1))
    assert traces(store)
    with store.write() as session:
        assert privacy.delete_turn(session, gone.id)
        assert not privacy.delete_turn(session, gone.id)
    assert traces(store) == set()
    with store.read() as session:
        assert session.scalars(select(Turn.id)).all() == [kept.id]
        assert session.scalars(select(Evidence.turn_id)).all() == [kept.id]
        assert session.scalars(select(Interaction.query)).all() == ["I love Bristol"]
        assert session.scalar(select(func.count()).select_from(OutboxMessage)) == 2
        assert session.scalars(select(Impression.turn_id)).all() == [None]


def test_what_is_stored_about_me_is_all_of_it_and_fit_to_hand_out(store, factory):
    customer = live(store, factory)
    with store.read() as session:
        about = privacy.about_me(session, customer.id)
    shown = json.dumps(about)
    tables = {trace.split(".")[0] for trace in traces(store)}
    assert tables <= set(about)
    assert about["orders"][0]["lines"][0]["quantity"] == 1
    assert f"I love {MARK}" in shown
    assert "token_hash" not in shown


def test_nothing_is_known_about_nobody(store):
    with store.read() as session:
        assert privacy.about_me(session, 999_999) == {}


def test_the_newest_statement_of_consent_counts(store, factory):
    customer = factory.guest()
    with store.write() as session:
        assert allowed(session, customer.id, "personalisation")
        assert not allowed(session, customer.id, "marketing")
        for granted in (False, True, False):
            set_consent(session, customer.id, "personalisation", granted, "chat")
            assert allowed(session, customer.id, "personalisation") is granted
        assert not allowed(session, customer.id, "marketing")


def test_a_repeated_message_does_not_bring_an_old_statement_back(store, factory):
    customer = factory.guest()
    with store.write() as session:
        set_consent(session, customer.id, "marketing", True, "chat", "m1")
        set_consent(session, customer.id, "marketing", False, "chat", "m2")
        set_consent(session, customer.id, "marketing", True, "chat", "m1")
        assert not allowed(session, customer.id, "marketing")


def test_an_unknown_purpose_is_an_error(store, factory):
    with store.write() as session:
        with pytest.raises(ValueError, match="spying"):
            set_consent(session, 1, "spying", True, "chat")
        with pytest.raises(ValueError, match="spying"):
            allowed(session, 1, "spying")
