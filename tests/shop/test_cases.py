from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from shop import cases
from shop.models import Case, Conversation, now


@pytest.fixture
def customer(factory):
    return factory.customer()


def test_a_case_keeps_the_customers_words_and_where_they_were_said(store, factory, customer):
    order = factory.order(customer, [(factory.product(), 1)])
    with store.write() as session:
        thread = Conversation(channel="web", address="a", customer_id=customer.id)
        session.add(thread)
        session.flush()
        case, new = cases.open_case(session, customer.id, "damaged", "it came \x00 broken", "m1:case", thread.public_id, order.id)
        assert new
        assert case.number.startswith("CS-")
        assert (case.text, case.state, case.order_id, case.conversation_id) == ("it came broken", "open", order.id, thread.id)


def test_a_message_delivered_twice_opens_one_case(store, customer):
    numbers = set()
    for _ in range(2):
        with store.write() as session:
            numbers.add(cases.open_case(session, customer.id, "complaint", "slow", "m1:case")[0].number)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 1
    assert len(numbers) == 1


def test_saying_more_about_the_same_order_adds_to_the_open_case(store, factory, customer):
    order = factory.order(customer, [(factory.product(), 1)])
    with store.write() as session:
        first, _ = cases.open_case(session, customer.id, "missing", "never came", "m1", order_id=order.id)
        same, new = cases.open_case(session, customer.id, "missing", "still nothing", "m2", order_id=order.id)
        assert (same.id, new, same.text) == (first.id, False, "never came\nstill nothing")
        other, new = cases.open_case(session, customer.id, "damaged", "broken", "m3", order_id=order.id)
        assert new
        cases.resolve(session, first.id)
        again, new = cases.open_case(session, customer.id, "missing", "lost again", "m4", order_id=order.id)
        assert new
        assert len({first.id, other.id, again.id}) == 3


def test_open_cases_come_longest_waiting_first_and_a_closed_one_keeps_its_time(store, customer):
    with store.write() as session:
        late, _ = cases.open_case(session, customer.id, "site", "slow page", "m1", at=now())
        early, _ = cases.open_case(session, customer.id, "complaint", "rude", "m2", at=now() - timedelta(days=1))
        assert [case.id for case in cases.open_cases(session)] == [early.id, late.id]
        closed = cases.resolve(session, early.id).resolved_at
        assert cases.resolve(session, early.id, now() + timedelta(days=1)).resolved_at == closed
        assert [case.id for case in cases.open_cases(session)] == [late.id]
        assert {case.id for case in cases.cases_of(session, customer.id)} == {early.id, late.id}


def test_an_unknown_kind_is_an_error(store, customer):
    with store.write() as session, pytest.raises(ValueError, match="gossip"):
        cases.open_case(session, customer.id, "gossip", "psst", "m1")
