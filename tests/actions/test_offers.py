from __future__ import annotations

from datetime import timedelta

from shop import promotions
from shop.models import now


def offers(guest):
    return guest.do("action_offers", "any offers on", "ask_discount_code")


def test_promotions_for_everybody_are_told_and_others_are_not(guest, store):
    with store.write() as session:
        promotions.create(session, "SPRING10", 10, minimum_minor=3000, ends_at=now() + timedelta(days=3), public=True)
        promotions.create(session, "STAFF50", 50)
        promotions.create(session, "OVER20", 20, ends_at=now() - timedelta(days=1), public=True)
    said = offers(guest)
    assert "SPRING10 takes 10 % off from £30.00, until" in said.text
    assert "STAFF50" not in said.text
    assert "OVER20" not in said.text
    assert said.payloads[0]["quick_replies"] == ["Use the code SPRING10"]


def test_without_any_it_says_what_saves_money(guest):
    assert offers(guest).responses == ["utter_ask_discount_code"]
