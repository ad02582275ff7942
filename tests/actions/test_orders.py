"""Orders, returns and refunds: who may see what, and what may still be done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.models import Order, now


def order_of(talk, factory, mugs, **columns):
    columns.setdefault("address", {"name": "Ada", "line1": "1 Old Road", "city": "York", "postcode": "YO1 7HH"})
    return factory.order(talk.customer, [(mugs[0], 2), (mugs[3], 1)], **columns)


def stored(talk, order):
    with talk.runtime.store.read() as session:
        found = session.get(Order, order.id)
        _ = found.lines
        return found


@pytest.mark.parametrize(
    ("columns", "response"),
    [
        ({"status": "processing"}, "utter_order_processing"),
        ({"status": "shipped", "carrier": "Parcelpost", "tracking_number": "PP123"}, "utter_order_shipped"),
        ({"status": "shipped"}, "utter_order_shipped_untracked"),
        ({"status": "shipped", "expected_at": now() - timedelta(days=3)}, "utter_order_late"),
        ({"status": "delivered", "delivered_at": now() - timedelta(days=2)}, "utter_order_delivered"),
        ({"status": "cancelled"}, "utter_order_cancelled"),
        ({"status": "returned"}, "utter_order_returned"),
        ({"status": "refunded"}, "utter_order_refunded"),
    ],
)
def test_an_order_is_told_as_it_stands_in_the_store(member, factory, mugs, columns, response):
    order = order_of(member, factory, mugs, **columns)
    reply = member.do("action_order_request", "track it", "track_order", [{"entity": "order_number", "value": order.number}])
    offered = ["utter_confirm_talk_to_person"] if response == "utter_order_late" else []
    assert reply.responses == [response, *offered]
    assert order.number in reply.text
    assert reply.payloads[0]["order"]["number"] == order.number


def test_the_only_order_under_way_is_meant_without_saying_so(member, factory, mugs):
    order_of(member, factory, mugs, status="delivered", delivered_at=now())
    open_one = order_of(member, factory, mugs)
    assert open_one.number in member.do("action_order_request", "where is my order", "track_order").text


def test_of_several_the_customer_chooses_and_the_wish_is_remembered(member, factory, mugs, entity):
    first, second = order_of(member, factory, mugs), order_of(member, factory, mugs)
    asked = member.do("action_order_request", "cancel my order", "cancel_order")
    assert asked.responses == ["utter_which_order", "utter_order_numbers"]
    assert set(asked.payloads[0]["quick_replies"]) == {first.number, second.number}
    reply = member.do("action_order_request", first.number, "give_order_number", [entity("order_number", first.number)])
    assert reply.responses == ["utter_confirm_cancel_order"]
    assert first.number in reply.text


def test_cancelling_names_the_order_and_happens_only_after_a_yes(member, factory, mugs):
    order = order_of(member, factory, mugs)
    asked = member.do("action_order_request", "cancel my order", "cancel_order")
    assert "£69.00" in asked.text
    assert stored(member, order).status == "processing"
    assert member.do("action_confirmed", "yes", "affirm").responses == ["utter_order_now_cancelled"]
    assert stored(member, order).status == "cancelled"


def test_an_order_that_left_meanwhile_is_not_said_to_be_cancelled(member, factory, mugs, store):
    order = order_of(member, factory, mugs)
    member.do("action_order_request", "cancel my order", "cancel_order")
    with store.write() as session:
        session.get(Order, order.id).status = "shipped"
    assert member.do("action_confirmed", "yes", "affirm").responses == ["utter_cannot_cancel"]
    assert stored(member, order).status == "shipped"


def test_another_customers_order_is_not_shown_even_with_its_number(member, runtime, factory, mugs, entity):
    theirs = factory.order(factory.customer(), [(mugs[0], 1)])
    reply = member.do("action_order_request", "track it", "track_order", [entity("order_number", theirs.number)])
    assert reply.responses == []
    assert reply.followed == ["order_form"]


def test_slots_and_text_never_authorise(guest, factory, mugs):
    theirs = factory.order(factory.customer(), [(mugs[0], 1)])
    guest.slots["order_number"] = theirs.number
    assert guest.do("action_order_request", f"track {theirs.number}", "track_order").followed == ["order_form"]
    guest.slots |= {"order_number": theirs.number, "email": "wrong@example.com"}
    reply = guest.do("action_order_identified", "wrong@example.com", "inform")
    assert reply.responses == ["utter_order_not_verified"]
    assert reply.followed == ["order_form"]


def test_number_and_email_together_open_the_order_for_this_conversation(guest, factory, mugs):
    buyer = factory.customer()
    order = factory.order(buyer, [(mugs[0], 1)])
    guest.do("action_order_request", "cancel my order", "cancel_order")
    guest.slots |= {"order_number": order.number, "email": buyer.email}
    assert guest.do("action_order_identified", buyer.email, "inform").responses == ["utter_confirm_cancel_order"]
    assert guest.do("action_order_request", "where is it", "track_order").responses == ["utter_order_processing"]


def test_a_number_that_a_colleague_handed_on_is_not_asked_for_again(guest, factory, mugs):
    order = factory.order(factory.customer(), [(mugs[0], 1)])
    guest.slots["order_number"] = order.number
    assert guest.do("action_order_request", "where is my order?", "track_order").followed == ["order_form"]
    assert (guest.slots["order_number"], guest.slots["email"]) == (order.number, None)


def test_guessing_is_locked_after_five_tries(guest, factory, mugs):
    order = factory.order(factory.customer(), [(mugs[0], 1)])
    for _ in range(5):
        guest.slots |= {"order_number": order.number, "email": "wrong@example.com", "goal": "track"}
        reply = guest.do("action_order_identified", "wrong@example.com", "inform")
    assert reply.responses == ["utter_order_locked"]


def test_the_address_is_changed_to_exactly_what_was_confirmed(member, factory, mugs):
    order = order_of(member, factory, mugs)
    assert member.do("action_order_request", "wrong address", "change_order_address").followed == ["address_form"]
    member.slots |= {"address_line": "9 New Street", "city": "Hull", "postcode": "HU1 1AA"}
    assert "9 New Street, Hull, HU1 1AA" in member.do("action_change_address", "HU1 1AA", "inform").text
    member.do("action_confirmed", "yes", "affirm")
    assert stored(member, order).address["line1"] == "9 New Street"


def test_a_shipped_order_is_not_changed(member, factory, mugs):
    order_of(member, factory, mugs, status="shipped")
    assert member.do("action_order_request", "wrong address", "change_order_address").responses == ["utter_cannot_change"]
    assert member.do("action_order_request", "change my order", "change_order_quantity").responses == ["utter_cannot_change"]


def test_a_quantity_is_changed_after_saying_which_and_how_many(member, factory, mugs, entity):
    order = order_of(member, factory, mugs)
    assert member.do("action_order_request", "change my order", "change_order_quantity").responses == ["utter_which_line"]
    asked = member.do("action_change_cart_quantity", "only one mug", "change_cart_quantity", [entity("quantity", 1)])
    assert asked.responses == ["utter_confirm_change_quantity"]
    assert "from 2 to 1" in asked.text
    member.do("action_confirmed", "yes", "affirm")
    assert [line.quantity for line in stored(member, order).lines] == [1, 1]


def test_a_return_is_noted_after_a_yes_and_then_has_a_status(member, factory, mugs):
    order = order_of(member, factory, mugs, status="delivered", delivered_at=now() - timedelta(days=3))
    asked = member.do("action_order_request", "i want to return the mugs", "start_return")
    assert "2 x Blue Mug" in asked.text
    assert "£24.00" in asked.text
    noted = member.do("action_confirmed", "yes", "affirm")
    assert noted.responses == ["utter_return_requested"]
    status = member.do("action_order_request", "where is my refund", "refund_status", [{"entity": "order_number", "value": order.number}])
    assert status.responses == ["utter_refund_requested"]


@pytest.mark.parametrize(
    ("columns", "response"),
    [
        ({"status": "processing"}, "utter_cannot_return_not_delivered"),
        ({"status": "delivered", "delivered_at": now() - timedelta(days=60)}, "utter_cannot_return_too_late"),
        ({"status": "refunded"}, "utter_cannot_return_already"),
    ],
)
def test_what_cannot_be_returned_is_said_with_the_reason(member, factory, mugs, columns, response):
    order_of(member, factory, mugs, **columns)
    assert member.do("action_order_request", "return my order", "start_return").responses == [response]


def test_orders_are_listed_for_a_member_and_asked_for_with_a_guest(member, guest, factory, mugs):
    order = order_of(member, factory, mugs)
    assert member.do("action_list_orders", "my orders", "list_orders").payloads[0]["order"]["number"] == order.number
    assert guest.do("action_list_orders", "my orders", "list_orders").followed == ["order_form"]
