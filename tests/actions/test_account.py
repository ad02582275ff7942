from __future__ import annotations

import pytest

from shop.models import Customer


def address_of(talk):
    with talk.runtime.store.read() as session:
        return session.get(Customer, talk.customer.id).address


@pytest.mark.parametrize("action", ["action_edit_account", "action_set_address", "action_switch_account"])
def test_a_guest_is_asked_to_sign_in_and_shown_where(guest, action):
    reply = guest.do(action, "my account", "edit_account")
    assert reply.payloads[0]["links"] == [{"title": "Sign in", "url": "/sign-in"}]
    assert reply.followed == []


def test_a_kept_address_is_the_one_that_was_confirmed(member):
    assert member.do("action_set_address", "save my address", "set_address").followed == ["address_form"]
    member.slots |= {"address_line": "9 Sea Road", "city": "Filey", "postcode": "YO14 9AB"}
    asked = member.do("action_change_address", "YO14 9AB", "inform")
    assert asked.responses == ["utter_confirm_set_address"]
    assert address_of(member)["line1"] == "3 Mill Lane"
    reply = member.do("action_confirmed", "yes", "affirm")
    assert "9 Sea Road" in reply.text
    assert address_of(member) | {"line2": "", "country": ""} == {
        "name": "Ada Wren", "line1": "9 Sea Road", "line2": "", "city": "Filey", "postcode": "YO14 9AB", "country": "",
    }  # fmt: skip


def test_an_order_asked_about_in_between_does_not_turn_the_account_address_into_the_orders(member, factory, mugs):
    order = factory.order(member.customer, [(mugs[0], 1)], address={"name": "A", "line1": "1 Old Road", "city": "York", "postcode": "YO1"})
    member.do("action_set_address", "save my address", "set_address")
    member.do("action_order_request", "where is my order", "track_order")
    member.slots |= {"address_line": "9 Sea Road", "city": "Filey", "postcode": "YO14 9AB"}
    assert member.do("action_change_address", "YO14 9AB", "inform").responses == ["utter_confirm_set_address"]
    assert order.number not in member.do("action_confirmed", "yes", "affirm").text
