from __future__ import annotations

import pytest
from sqlalchemy import select

from actions.reviews import stars
from shop.models import Review, now


def stored(talk):
    with talk.runtime.store.read() as session:
        return [(review.product_id, review.rating, review.text) for review in session.scalars(select(Review))]


@pytest.mark.parametrize(
    ("text", "alone", "told"),
    [
        ("five stars for the lamp", False, "5"),
        ("I'd give it 4 out of 5", False, "4"),
        ("3/5", False, "3"),
        ("★★★", False, "3"),
        ("9 stars", False, None),
        ("2", True, "2"),
        ("let's say three", True, "3"),
        ("two mugs came broken and one was late in the post", True, None),
        ("is 3 good?", True, None),
        ("2", False, None),
    ],
)
def test_stars_are_read_in_words_and_signs(text, alone, told):
    assert stars(text, alone) == told


def test_the_product_meant_is_found_by_name_and_the_review_stored_once(member, factory, mugs):
    factory.order(member.customer, [(mugs[0], 1), (mugs[3], 1)], status="delivered", delivered_at=now())
    assert member.do("action_review", "i want to write a review", "write_review").responses == ["utter_which_review"]
    reply = member.do("action_review", "review the oak bowl, 4 stars", "write_review")
    assert reply.followed == ["review_form"]
    assert member.slots["rating"] == "4"
    member.slots["review_text"] = "Solid."
    for again in (False, True):
        member.slots |= {"reviewed": {"order": 1, "product": mugs[3].id, "title": "Oak Bowl"}, "rating": "4", "review_text": "Solid."}
        assert member.do("action_store_review", "Solid.", "inform", again=again).responses == ["utter_review_stored"]
    assert stored(member) == [(mugs[3].id, 4, "Solid.")]


@pytest.mark.parametrize("status", ["processing", "shipped", "cancelled"])
def test_nothing_is_reviewed_before_it_arrived(member, factory, mugs, status):
    factory.order(member.customer, [(mugs[0], 1)], status=status)
    assert member.do("action_review", "review my mug", "write_review").responses == ["utter_review_nothing"]


def test_somebody_elses_order_cannot_be_reviewed_from_a_slot(member, factory, mugs):
    order = factory.order(factory.customer(), [(mugs[0], 1)], status="cancelled")
    member.slots |= {"reviewed": {"order": order.id, "product": mugs[0].id, "title": "Mug"}, "rating": "1", "review_text": ""}
    assert member.do("action_store_review", "no", "deny").responses == ["utter_review_nothing"]
    assert stored(member) == []


def given(reply):
    return {event["name"]: event["value"] for event in reply.events if event["event"] == "slot"}


@pytest.mark.parametrize(
    ("requested", "text", "intent", "confidence", "slots"),
    [
        ("rating", "4 please", "inform", 0.9, {"rating": "4"}),
        ("rating", "eleven", "inform", 0.9, {"rating": None}),
        ("rating", "how much is delivery?", "ask_delivery_cost", 0.9, {}),
        ("review_text", "no", "deny", 0.9, {"review_text": ""}),
        ("review_text", "broke after a day", "report_damaged", 0.95, {"review_text": "broke after a day"}),
        ("review_text", "stop", "stop", 0.95, {}),
        ("review_text", "where can i read it later?", "ask_range", 0.5, {}),
        ("review_text", "!!", "inform", 0.5, {"review_text": None}),
    ],
)
def test_what_is_a_rating_and_what_are_words(member, requested, text, intent, confidence, slots):
    member.loop, member.slots["requested_slot"] = "review_form", requested
    assert given(member.do("validate_review_form", text, intent, confidence=confidence)) == slots
