"""Answers hold the policies' own words, and offer nothing that the shop does not have."""

from __future__ import annotations

import pytest

from actions.questions import WITHOUT
from shop import policies
from shop.models import now


@pytest.fixture
def shop_with(monkeypatch):
    """Puts the shipped policies into force with these sections changed: {"section.field": value}."""

    def change(**changes):
        content = policies.read(policies.SHIPPED).model_dump()
        for place, value in changes.items():
            section, _, field = place.partition("__")
            if field:
                content[section][field] = value
            else:
                content[section] = value
        changed = policies.Policies.model_validate(content)
        monkeypatch.setattr(policies, "current", lambda: changed)

    return change


@pytest.mark.parametrize("intent", sorted(WITHOUT))
def test_every_answer_exists_for_shops_with_and_without(guest, shop_with, intent):
    pages = {"sign_in_page": "/in", "sign_up_page": "/up", "password_page": "/pw", "details_page": "/me"}
    shop_with(
        gift_cards={"offered": True, "amounts": [1000, 2500], "how": "Ask at the till."},
        price_matching={"offered": True, "how": "Send us the other offer."},
        subscriptions={"offered": True, "how": "Write to us."},
        discount_codes={"accepted": True},
        contact={"email": "a@b.example", "phone": "01 23", "hours": "always"},
        account=pages,
        privacy={"page": "/privacy"},
        cancellation={"fee": 250},
    )
    assert guest.do("action_answer_question", "?", intent).responses == [f"utter_{intent}"]
    only = {"name": "post", "title": "By post", "cost": 300, "days_min": 2, "days_max": 2}
    shop_with(
        delivery={"options": [only], "countries": ["Norway"]},
        stores=[],
        gift_wrapping={"offered": False},
        price_matching={"offered": False},
    )
    assert guest.do("action_answer_question", "?", intent).responses == [f"utter_{intent}_none"]


def test_a_page_of_the_shop_is_linked(guest, shop_with):
    shop_with(account__password_page="https://shop.example/password")
    reply = guest.do("action_answer_question", "?", "recover_password")
    assert reply.payloads[0]["links"][0]["url"] == "https://shop.example/password"


def test_amounts_are_written_in_the_shops_currency(guest, shop_with):
    shop_with(gift_cards={"offered": True, "amounts": [1000, 2500], "how": "Ask."}, cancellation={"fee": 250})
    assert "£10.00 and £25.00" in guest.do("action_answer_question", "?", "ask_gift_card").text
    assert "£2.50" in guest.do("action_answer_question", "?", "ask_cancellation_fee").text


def test_points_are_told_to_members_explained_to_guests_and_denied_where_there_are_none(member, guest, factory, mugs, shop_with):
    factory.order(member.customer, [(mugs[0], 2)], status="delivered", delivered_at=now())
    assert "24 points, worth £0.24" in member.do("action_points", "?", "ask_points").text
    assert guest.do("action_points", "?", "ask_points").responses == ["utter_points_how"]
    shop_with(points={"offered": False})
    assert member.do("action_points", "?", "ask_points").responses == ["utter_points_none"]


def test_the_warranty_is_that_of_the_thing_bought_pointed_at_or_of_all(member, factory, mugs, shop_with):
    assert member.do("action_warranty", "what warranty do you give", "ask_warranty").responses == ["utter_warranty"]
    factory.order(member.customer, [(mugs[3], 1)], status="delivered", delivered_at=now())
    assert member.do("action_warranty", "is my oak bowl under warranty", "ask_warranty").responses == ["utter_warranty_until"]
    member.slots["focus"] = mugs[0].id
    assert "Blue Mug is 24 months" in member.do("action_warranty", "what about this", "ask_warranty").text
    shop_with(warranty={"months": 0, "covers": "nothing"})
    assert member.do("action_warranty", "and this", "ask_warranty").responses == ["utter_warranty_none"]


def test_coming_back_into_stock_is_never_promised(guest, factory):
    gone = factory.product(title="Tall Vase", stock=0)
    guest.slots["focus"] = gone.id
    assert guest.do("action_restock", "when is it back", "ask_restock").responses == ["utter_restock_unknown"]
    guest.slots["focus"] = factory.product(title="Low Vase", stock=9).id
    assert guest.do("action_restock", "when is it back", "ask_restock").responses == ["utter_product"]
    guest.slots["focus"] = None
    assert guest.do("action_restock", "when is it back", "ask_restock").responses == ["utter_restock_which"]


def test_what_one_thing_or_the_whole_cart_comes_to_with_delivery(guest, mugs, entity):
    guest.do("action_search", "mug", "search_product", [entity("category", "Mugs")])
    first = guest.do("action_answer_question", "the first one with delivery?", "ask_delivery_cost", [entity("ordinal", 1)])
    assert "Blue Mug costs £12.00" in first.text
    assert "makes £15.95" in first.text
    assert guest.slots["focus"] == mugs[0].id
    for _ in range(5):
        guest.do("action_add_to_cart", "add it", "add_to_cart")
    assert "comes to £60.00, and that is all" in guest.do("action_answer_question", "and everything delivered", "ask_delivery_cost").text
    assert guest.do("action_answer_question", "how much is delivery", "ask_delivery_cost").responses == ["utter_ask_delivery_cost"]
