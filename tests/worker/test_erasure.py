""" "Forget me" is carried out soon after the turn that asked for it, and leaves nothing of the customer's words."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import LargeBinary, Text, cast, select, update

from shop import privacy
from shop.models import (
    AppliedCommand,
    Base,
    CartLine,
    ConsentEvent,
    Conversation,
    Customer,
    ErasureRequest,
    Impression,
    InboxMessage,
    Interaction,
    Order,
    OutboxMessage,
    ReturnRequest,
    Turn,
    VerificationAttempt,
    VisitorSession,
    now,
)
from shop.store import Store
from tests.conftest import factory_for
from worker import erasure
from worker.erasure import erase_requested
from worker.profiling import profile_next

MARK = "Zanzibar-marker"
LATER = timedelta(seconds=10)


@pytest.fixture
def asked(store):
    """Records a "forget me" of that age."""

    def ask(customer_id: int, age: timedelta = LATER, message_id: str | None = None) -> int:
        with store.write() as session:
            request = privacy.request_erasure(session, customer_id, message_id)
            request.requested_at = now() - age
            return request.id

    return ask


def exists(store, customer_id: int) -> bool:
    with store.read() as session:
        return session.get(Customer, customer_id) is not None


def test_a_request_is_carried_out_and_marked_done(store, talk, asked):
    emma, paul = talk(), talk()
    request = asked(emma.customer)
    assert erase_requested(store)
    assert not exists(store, emma.customer)
    assert exists(store, paul.customer)
    with store.read() as session:
        assert session.get(ErasureRequest, request).done_at is not None
    assert not erase_requested(store)


def test_it_waits_for_the_turn_that_asked_for_it(store, talk, asked):
    emma = talk()
    emma.say("forget me", "forget_me", state="pending")
    asked(emma.customer)
    assert not erase_requested(store)
    assert exists(store, emma.customer)
    with store.write() as session:
        session.execute(update(InboxMessage).values(state="done"))
    assert erase_requested(store)
    assert not exists(store, emma.customer)


def test_it_leaves_time_to_read_the_confirmation(store, talk, asked):
    emma = talk()
    asked(emma.customer, age=timedelta(0))
    assert not erase_requested(store)
    assert exists(store, emma.customer)


def test_it_does_not_wait_for_ever_for_a_turn_that_never_comes(store, talk, asked):
    emma = talk()
    emma.say("forget me", "forget_me", state="pending")
    asked(emma.customer, age=erasure.LONGEST_WAIT)
    assert erase_requested(store)
    assert not exists(store, emma.customer)


def test_a_request_for_somebody_already_gone_is_simply_done(store, talk, asked):
    emma = talk()
    asked(emma.customer)
    with store.write() as session:
        session.delete(session.get(Customer, emma.customer))
    assert erase_requested(store)
    assert not erase_requested(store)


def test_one_that_waits_does_not_hold_up_another(store, talk, asked):
    emma, paul = talk(), talk()
    emma.say("forget me", "forget_me", state="pending")
    asked(emma.customer)
    asked(paul.customer)
    assert erase_requested(store)
    assert (exists(store, emma.customer), exists(store, paul.customer)) == (True, False)


def test_no_table_holds_a_trace_of_the_customers_words_afterwards(store, talk, asked, encode):
    emma, paul = talk(), talk()
    paul.say("a red mug", entities=[{"entity": "colour", "value": "red"}])
    leave_words_everywhere(store, emma)
    entity = [{"entity": "colour", "value": MARK, "start": 0, "end": len(MARK)}]
    emma.say(f"{MARK} lamp", entities=entity)
    while profile_next(store, lambda texts: encode([MARK] * len(texts))):
        pass
    found = tables_with_the_mark(store)
    assert {"customers", "conversations", "inbox", "turns", "outbox", "interactions", "evidence", "orders", "returns"} <= set(found)
    assert {"applied_commands", "consent_events", "verification_attempts", "visitor_sessions"} <= set(found)
    asked(emma.customer)
    assert erase_requested(store)
    assert tables_with_the_mark(store) == {}
    with store.read() as session:
        assert session.scalar(select(Order.total_minor)) == 4000  # the accounts keep the amount
        assert session.scalars(select(Turn.customer_id)).all() == [paul.customer]


def leave_words_everywhere(store, emma) -> None:
    """A marked row, or marked columns, in every table that can hold a customer's words or what was made of them."""
    number = itertools.count()

    def mark() -> str:
        return f"{MARK} {next(number)}"

    with store.write() as session:
        customer = session.get_one(Customer, emma.customer)
        customer.name, customer.external_id, customer.country, customer.address = mark(), mark(), mark(), {"line1": mark()}
        thread = session.get_one(Conversation, emma.conversation)
        thread.address, thread.dialogue_state = mark(), mark().encode()
        message = InboxMessage(conversation_id=thread.id, client_message_id=mark(), text=mark(), command={"sku": mark()}, state="done")
        session.add(message)
        session.flush()
        turn = Turn(
            conversation_id=thread.id, customer_id=customer.id, inbox_id=message.id, channel="web", text=mark(), intent="greet",
            entities=[{"value": mark()}], slots={"query": mark()}, intent_ranking=[{"name": mark()}], error=mark(),
        )  # fmt: skip
        order = Order(
            number="SK-1", customer_id=customer.id, email=mark(), address={"name": mark()}, tracking_number=mark(), currency="GBP",
            subtotal_minor=4000, total_minor=4000,
        )  # fmt: skip
        session.add_all([turn, order])
        session.flush()
        session.add_all(
            [
                OutboxMessage(conversation_id=thread.id, turn_id=turn.id, payload={"text": mark()}),
                OutboxMessage(conversation_id=thread.id, author="system", payload={"text": mark()}),
                Interaction(customer_id=customer.id, kind="search", query=mark(), source="chat", event_key=mark()),
                CartLine(customer_id=customer.id, product_id=emma.lamp, quantity=1),
                ConsentEvent(customer_id=customer.id, purpose="marketing", granted=True, source="chat", message_id=mark()),
                AppliedCommand(key=mark(), kind="checkout", customer_id=customer.id, result={"address": mark()}),
                ReturnRequest(number="R-1", order_id=order.id, lines={}, reason=mark(), refund_minor=1),
                VerificationAttempt(conversation_id=thread.public_id, order_number=mark()[-40:], granted=False, message_id=mark()),
                VerificationAttempt(conversation_id="another", order_number="SK-1", order_id=order.id, granted=True, message_id=mark()),
                VisitorSession(token_hash=mark(), customer_id=customer.id, expires_at=now() + LATER),
                Impression(list_id="l", turn_id=turn.id, product_id=emma.lamp, surface="chat", position=1, score=1.0, propensity=1.0),
            ]
        )


def tables_with_the_mark(store) -> dict[str, list[str]]:
    """Table -> its columns, of whatever type, in which the mark stands. Columns are read as text; binary ones as they are."""
    found: dict[str, list[str]] = {}
    with store.read() as session:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                binary = isinstance(column.type, LargeBinary)
                values = session.scalars(select(column if binary else cast(column, Text)).where(column.is_not(None)))
                if any(MARK.encode() in value if binary else MARK in str(value) for value in values):
                    found.setdefault(table.name, []).append(column.name)
    return found


def test_the_file_of_the_database_holds_none_of_the_words_afterwards(tmp_path, sqlite_copy):
    with sqlite_copy(tmp_path) as url:
        store = Store(url)
        factory = factory_for(store)
        for text in (MARK, "another customer's words"):
            customer = factory.customer()
            with store.write() as session:
                thread = Conversation(channel="web", address=text, customer_id=customer.id)
                session.add(thread)
                session.flush()
                session.add(OutboxMessage(conversation_id=thread.id, author="customer", payload={"text": f"{text} for my parcel"}))
                if text == MARK:
                    privacy.request_erasure(session, customer.id)
        with store.write() as session:
            session.execute(update(ErasureRequest).values(requested_at=now() - LATER))
        assert words_on_disk(store, tmp_path) == {"zanzibar", "another", "parcel"}
        assert erase_requested(store)
        assert words_on_disk(store, tmp_path) == {"another", "parcel"}
        store.close()


def words_on_disk(store, folder) -> set[str]:
    """Those of three words whose letters stand in the database's file. The full text leaves out the beginning that a word shares with
    its neighbour, so the last letters are looked for."""
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    content = b"".join(path.read_bytes().lower() for path in folder.glob("shop.db*"))
    return {word for word in ("zanzibar", "another", "parcel") if word[2:].encode() in content}
