"""The cart in conversation, and checking out."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from shop import cart
from shop.models import Order, Product


def search_and_add(talk, entity, ordinal=1, quantity=None):
    talk.do("action_search", "mug", "search_product")
    entities = [entity("ordinal", ordinal), *([entity("quantity", quantity)] if quantity else [])]
    return talk.do("action_add_to_cart", "add it", "add_to_cart", entities)


def in_cart(talk):
    with talk.runtime.store.read() as session:
        return {line.title: line.quantity for line in cart.view(session, talk.customer.id).lines}


def test_the_second_one_goes_into_the_cart_and_the_cart_is_shown(guest, mugs, entity):
    reply = search_and_add(guest, entity, ordinal=2, quantity=2)
    assert in_cart(guest) == {"Red Mug": 2}
    assert reply.payloads[0]["cart"]["total"] == "£30.00"
    assert "2 x Red Mug" in reply.text


def test_the_same_message_delivered_again_adds_nothing(guest, mugs, entity):
    search_and_add(guest, entity)
    guest.do("action_add_to_cart", "add it", "add_to_cart", [entity("ordinal", 1)], again=True)
    assert in_cart(guest) == {"Blue Mug": 1}


def test_a_cards_button_names_its_product_by_sku(guest, mugs, entity):
    guest.do("action_add_to_cart", "", "add_to_cart", [entity("sku", mugs[3].sku)])
    assert in_cart(guest) == {"Oak Bowl": 1}


def test_an_unclear_it_is_asked_back_and_the_answer_is_added(guest, mugs, entity):
    guest.do("action_search", "mug", "search_product")
    assert guest.do("action_add_to_cart", "add it", "add_to_cart").responses == ["utter_which_product"]
    guest.do("action_choose", "the third", "choose_product", [entity("ordinal", 3)])
    assert in_cart(guest) == {"Glass Mug": 1}


def test_more_than_there_is_is_refused_with_the_true_number(guest, mugs, entity):
    reply = search_and_add(guest, entity, ordinal=3, quantity=4)
    assert reply.responses == ["utter_not_enough_stock"]
    assert "only 1" in reply.text
    assert in_cart(guest) == {}


def test_quantity_changes_and_lines_are_found_by_a_word_of_their_title(guest, mugs, entity):
    search_and_add(guest, entity, 1)
    guest.do("action_add_to_cart", "", "add_to_cart", [entity("sku", mugs[3].sku)])
    guest.do("action_change_cart_quantity", "make it three bowls", "change_cart_quantity", [entity("quantity", 3)])
    assert in_cart(guest) == {"Blue Mug": 1, "Oak Bowl": 3}
    reply = guest.do("action_remove_from_cart", "take the mug out", "remove_from_cart")
    assert in_cart(guest) == {"Oak Bowl": 3}
    assert "£135.00" in reply.text


@pytest.mark.parametrize(("said", "left"), [("remove the kettle", {"Blue Mug": 1}), ("take the mgu out", {}), ("remove the item", {})])
def test_only_what_is_named_is_taken_out_of_the_cart(guest, mugs, entity, said, left):
    search_and_add(guest, entity)
    guest.do("action_remove_from_cart", said, "remove_from_cart")
    assert in_cart(guest) == left


def test_one_thing_is_swapped_for_another_in_the_same_number(guest, mugs, entity):
    search_and_add(guest, entity, ordinal=2, quantity=2)
    text = "take that out and put the first one in"
    guest.do("action_swap_in_cart", text, "swap_in_cart", [{**entity("ordinal", 1), "start": 26, "end": 31}])
    assert in_cart(guest) == {"Blue Mug": 2}
    reply = guest.do("action_swap_in_cart", text, "swap_in_cart", [{**entity("ordinal", 1), "start": 26, "end": 31}], again=True)
    assert in_cart(guest) == {"Blue Mug": 2}
    assert reply.text.startswith("Red Mug is out and 2 x Blue Mug is in.")


def test_what_cannot_come_in_costs_nothing_of_what_is_in(guest, mugs, entity):
    search_and_add(guest, entity, ordinal=2, quantity=2)
    swap = [{**entity("ordinal", 3), "start": 12, "end": 17}]
    assert guest.do("action_swap_in_cart", "swap it for the third", "swap_in_cart", swap).responses == ["utter_not_enough_stock"]
    assert in_cart(guest) == {"Red Mug": 2}


def test_of_several_things_in_the_cart_the_one_to_go_is_asked_for(guest, mugs, entity):
    search_and_add(guest, entity, 1)
    guest.do("action_add_to_cart", "", "add_to_cart", [entity("sku", mugs[3].sku)])
    guest.do("action_search", "mug", "search_product")
    swap = [{**entity("ordinal", 2), "start": 12, "end": 18}]
    assert guest.do("action_swap_in_cart", "swap it for the second", "swap_in_cart", swap).responses[-1] == "utter_swap_which"
    swap = [{**entity("ordinal", 2), "start": 22, "end": 28}]
    guest.do("action_swap_in_cart", "swap the bowl for the second one", "swap_in_cart", swap)
    assert in_cart(guest) == {"Blue Mug": 1, "Red Mug": 1}


def test_nothing_to_swap_is_a_wish_to_buy_or_a_question_about_exchanges(guest, mugs, entity):
    assert guest.do("action_swap_in_cart", "swap it", "swap_in_cart").responses == ["utter_ask_exchange"]
    guest.do("action_search", "mug", "search_product")
    guest.do("action_swap_in_cart", "the first one instead", "swap_in_cart", [{**entity("ordinal", 1), "start": 4, "end": 9}])
    assert in_cart(guest) == {"Blue Mug": 1}


def test_clearing_needs_a_yes_and_a_no_keeps_everything(guest, mugs, entity):
    search_and_add(guest, entity)
    assert guest.do("action_clear_cart", "empty my cart", "clear_cart").responses == ["utter_confirm_clear_cart"]
    assert guest.do("action_declined", "no", "deny").responses == ["utter_declined"]
    assert in_cart(guest) == {"Blue Mug": 1}
    guest.do("action_clear_cart", "empty my cart", "clear_cart")
    guest.do("action_confirmed", "yes", "affirm")
    assert in_cart(guest) == {}
    assert guest.do("action_confirmed", "yes", "affirm").responses == ["utter_nothing_to_confirm"]


@pytest.mark.parametrize("action", ["action_view_cart", "action_clear_cart", "action_remove_from_cart", "action_checkout"])
def test_an_empty_cart_is_called_empty(guest, action):
    assert guest.do(action).responses == ["utter_cart_empty"]


def orders_in(talk):
    with talk.runtime.store.read() as session:
        return session.scalar(select(func.count()).select_from(Order))


def test_a_member_with_an_address_confirms_a_summary_and_the_order_is_the_one_summed_up(member, mugs, entity):
    search_and_add(member, entity, 1, 2)
    summary = member.do("action_checkout", "checkout", "checkout")
    assert "£24.00" in summary.text
    assert "3 Mill Lane" in summary.text
    assert orders_in(member) == 0
    placed = member.do("action_confirmed", "yes", "affirm")
    order = placed.payloads[0]["order"]
    assert order["number"] in placed.text
    assert order["total"] == "£27.95"
    assert in_cart(member) == {}


def test_the_confirming_message_delivered_twice_places_one_order(member, mugs, entity):
    search_and_add(member, entity)
    member.do("action_checkout", "checkout", "checkout")
    pending = member.slots["pending"]
    first = member.do("action_confirmed", "yes", "affirm")
    member.slots["pending"] = pending
    second = member.do("action_confirmed", "yes", "affirm", again=True)
    assert orders_in(member) == 1
    assert first.payloads[0]["order"]["number"] == second.payloads[0]["order"]["number"]


def test_a_price_that_rose_after_the_summary_is_put_to_the_customer_again(member, mugs, entity):
    search_and_add(member, entity)
    member.do("action_checkout", "checkout", "checkout")
    with member.runtime.store.write() as session:
        session.get(Product, mugs[0].id).price_minor = 1900
    reply = member.do("action_confirmed", "yes", "affirm")
    assert reply.responses == ["utter_cart_changed", "utter_confirm_checkout"]
    assert "£19.00" in reply.text
    assert orders_in(member) == 0


def test_sold_out_between_summary_and_yes_places_nothing_and_keeps_the_cart(member, mugs, entity):
    search_and_add(member, entity)
    member.do("action_checkout", "checkout", "checkout")
    with member.runtime.store.write() as session:
        session.get(Product, mugs[0].id).stock = 0
    assert member.do("action_confirmed", "yes", "affirm").responses == ["utter_sold_out_at_checkout"]
    assert in_cart(member) == {"Blue Mug": 1}


def test_a_guest_is_asked_for_details_then_orders_and_may_see_that_order(guest, mugs, entity):
    search_and_add(guest, entity)
    assert guest.do("action_checkout", "checkout", "checkout").followed == ["checkout_form"]
    guest.slots |= {"name": "Jo Miller", "email": "jo@example.com", "address_line": "3 Mill Lane", "city": "Leeds", "postcode": "LS1 4AP"}
    assert guest.do("action_checkout", "LS1 4AP", "inform").responses == ["utter_confirm_checkout"]
    guest.do("action_confirmed", "yes", "affirm")
    tracked = guest.do("action_order_request", "where is my order", "track_order")
    assert tracked.responses == ["utter_order_processing"]


@pytest.mark.parametrize(("said", "intent", "then"), [("ok, 2 then", "affirm", 3), ("no 2", "deny", 2), ("yes, see you at 5", "affirm", 1)])
def test_a_bare_number_after_a_yes_or_a_no_is_about_what_is_looked_at(guest, mugs, entity, said, intent, then):
    search_and_add(guest, entity)
    guest.do("action_ask_confirmation" if intent == "affirm" else "action_declined", said, intent)
    assert in_cart(guest) == {"Blue Mug": then}


def test_a_number_said_while_a_form_asks_buys_nothing(guest, mugs, entity):
    search_and_add(guest, entity)
    guest.loop = "order_form"
    guest.do("action_ask_confirmation", "ok 2 then", "affirm")
    assert in_cart(guest) == {"Blue Mug": 1}


@pytest.mark.parametrize(
    ("action", "intent", "text"),
    [
        ("action_change_cart_quantity", "change_cart_quantity", "two more please"),
        ("action_page", "next_page", "two more of those"),
    ],
)
def test_more_of_what_has_just_gone_in_is_added_to_it(guest, mugs, entity, action, intent, text):
    search_and_add(guest, entity)
    guest.do(action, text, intent, [entity("quantity", 2)])
    assert in_cart(guest) == {"Blue Mug": 3}


def test_another_one_is_one_more_and_zero_is_none(guest, mugs, entity):
    search_and_add(guest, entity)
    guest.do("action_change_cart_quantity", "another one", "change_cart_quantity")
    assert in_cart(guest) == {"Blue Mug": 2}
    guest.do("action_change_cart_quantity", "make it 0", "change_cart_quantity", [entity("quantity", 0)])
    assert in_cart(guest) == {}


@pytest.mark.parametrize("text", ["show me two more", "any other ideas, two more please", "let me see another"])
def test_more_of_the_list_adds_nothing_to_the_cart(guest, mugs, entity, text):
    search_and_add(guest, entity)
    guest.do("action_page", text, "next_page", [entity("quantity", 2)])
    assert in_cart(guest) == {"Blue Mug": 1}


def test_more_to_see_turns_the_page_whatever_it_was_heard_as(guest, mugs, entity):
    search_and_add(guest, entity)
    turn = guest.do("action_change_cart_quantity", "show me two more", "change_cart_quantity", [entity("quantity", 2)])
    assert turn.followed == ["action_page"]
    assert in_cart(guest) == {"Blue Mug": 1}


def test_a_number_in_words_is_how_many(guest, mugs, entity):
    search_and_add(guest, entity)
    guest.do("action_add_to_cart", "ok two", "add_to_cart")
    assert in_cart(guest) == {"Blue Mug": 3}


def test_what_is_not_to_go_in_comes_out(guest, mugs, entity):
    search_and_add(guest, entity)
    guest.do("action_add_to_cart", "dont put it in the basket", "add_to_cart")
    assert in_cart(guest) == {}
    assert "action_declined" in guest.do("action_add_to_cart", "don't add it", "add_to_cart").followed
    assert in_cart(guest) == {}
