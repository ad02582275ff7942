"""What becomes a case, and what is answered without one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from shop import cases
from shop.models import Case, now


def cases_of(talk):
    with talk.runtime.store.read() as session:
        return list(session.scalars(select(Case).order_by(Case.id)))


@pytest.mark.parametrize(
    ("intent", "status", "late", "response", "opens"),
    [
        ("report_damaged", "delivered", False, "utter_case_damaged", True),
        ("report_damaged", "processing", False, "utter_order_processing", False),
        ("report_wrong_item", "shipped", False, "utter_case_wrong_item", True),
        ("report_missing", "shipped", False, "utter_not_missing_yet", False),
        ("report_missing", "shipped", True, "utter_case_missing", True),
        ("report_missing", "delivered", False, "utter_case_missing", True),
        ("report_missing", "cancelled", False, "utter_order_cancelled", False),
        ("price_dispute", "processing", False, "utter_case_price_dispute", True),
        ("duplicate_charge", "cancelled", False, "utter_case_duplicate_charge", True),
    ],
)
def test_a_case_is_opened_only_where_the_order_does_not_answer_by_itself(member, factory, mugs, intent, status, late, response, opens):
    expected = now() + timedelta(days=-3 if late else 3)
    order = factory.order(member.customer, [(mugs[0], 1)], status=status, expected_at=expected, delivered_at=now())
    reply = member.do("action_order_request", "my words", intent)
    assert reply.responses == [response]
    found = cases_of(member)
    assert [(case.text, case.order_id) for case in found] == ([("my words", order.id)] if opens else [])
    assert all(case.number in reply.text for case in found)


def test_the_message_delivered_twice_opens_one_case_and_is_answered_alike(member, factory, mugs):
    factory.order(member.customer, [(mugs[0], 1)], status="delivered", delivered_at=now())
    first = member.do("action_order_request", "it is broken", "report_damaged")
    again = member.do("action_order_request", "it is broken", "report_damaged", again=True)
    assert again.texts == first.texts
    assert len(cases_of(member)) == 1


def test_the_first_words_are_kept_while_the_order_is_being_proved(guest, factory, mugs):
    owner = factory.customer()
    order = factory.order(owner, [(mugs[0], 1)], status="delivered", delivered_at=now())
    asked = guest.do("action_order_request", "my vase is in pieces", "report_damaged")
    assert asked.followed == ["order_form"]
    guest.slots |= {"order_number": order.number, "email": owner.email}
    reply = guest.do("action_order_identified", owner.email, "inform")
    assert reply.responses == ["utter_case_damaged"]
    assert [(case.text, case.customer_id) for case in cases_of(guest)] == [("my vase is in pieces", guest.customer.id)]
    assert guest.slots["said"] is None


@pytest.mark.parametrize("text", ["complaint", "i want to make a complaint about you"])
def test_a_complaint_without_content_is_asked_for_its_content(guest, text):
    assert guest.do("action_complain", text, "complain").followed == ["complaint_form"]
    guest.slots["complaint_text"] = "You lost my parcel."
    reply = guest.do("action_file_complaint", "You lost my parcel.", "report_missing")
    assert [(case.kind, case.text) for case in cases_of(guest)] == [("complaint", "You lost my parcel.")]
    assert cases_of(guest)[0].number in reply.text


@pytest.mark.parametrize(("intent", "kind"), [("complain", "complaint"), ("site_trouble", "site"), ("payment_problem", "payment")])
def test_a_report_is_passed_on_only_after_a_yes(guest, intent, kind):
    action = "action_complain" if intent == "complain" else "action_report"
    guest.do(action, "nothing here works as it should", intent)
    assert cases_of(guest) == []
    reply = guest.do("action_confirmed", "yes", "affirm")
    assert reply.responses == ["utter_case_opened"]
    assert [(case.kind, case.text) for case in cases_of(guest)] == [(kind, "nothing here works as it should")]


def test_only_ones_own_cases_are_told_about(guest, factory, store):
    with store.write() as session:
        foreign, _ = cases.open_case(session, factory.customer().id, "site", "slow", "m")
    assert guest.do("action_cases", f"what about {foreign.number}", "ask_case").responses == ["utter_no_case"]
    with store.write() as session:
        mine, _ = cases.open_case(session, guest.customer.id, "site", "slow", "n")
        other, _ = cases.open_case(session, guest.customer.id, "complaint", "rude", "o")
        cases.resolve(session, mine.id)
    assert guest.do("action_cases", f"and {mine.number.lower()}?", "ask_case").responses == ["utter_case_resolved"]
    assert guest.do("action_cases", "my cases", "ask_case").responses == ["utter_case_open", "utter_case_resolved"]
    assert other.number
