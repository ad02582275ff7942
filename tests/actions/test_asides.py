"""How often a question is put again."""

from __future__ import annotations

from actions import asides


def aside(guest) -> list[str]:
    return guest.do("action_answer_question", "which cards do you take", "ask_payment_methods").responses


def test_a_question_is_left_after_so_many_other_wishes_and_not_before(guest):
    guest.do("action_order_request", "where is my parcel", "track_order")
    guest.loop = asides.FORM
    for _ in range(asides.PATIENCE - 1):
        assert "utter_order_left" not in aside(guest)
        assert guest.loop == asides.FORM
    assert "utter_order_left" in aside(guest)
    assert guest.loop is None


def test_an_answer_in_between_begins_the_count_anew(guest):
    guest.loop = asides.FORM
    guest.slots["requested_slot"] = "order_number"
    for _ in range(asides.PATIENCE - 1):
        aside(guest)
    guest.do("validate_order_form", "SK-2345-6789", "give_order_number", [{"entity": "order_number", "value": "SK-2345-6789"}])
    assert guest.slots["asides"] is None
