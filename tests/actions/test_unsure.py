"""What the bot does when it does not understand: it asks, searches, offers a person, and never repeats itself."""

from __future__ import annotations

import pytest


@pytest.fixture
def unclear(guest):
    """unclear(text, ranking) is a message that was not understood; ranking: intent to confidence."""

    def say(text: str, ranking: dict[str, float] | None = None):
        listed = [{"name": name, "confidence": confidence} for name, confidence in (ranking or {}).items()]
        guest.ranking = listed
        return guest.do("action_fallback", text, "nlu_fallback", confidence=0.3)

    return say


def test_two_likely_readings_are_asked_about_in_words(unclear, guest):
    reply = unclear("order thing", {"track_order": 0.35, "cancel_order": 0.3})
    assert reply.responses == ["utter_which_meaning"]
    assert reply.payloads[0]["quick_replies"] == ["utter_meaning_track_order", "utter_meaning_cancel_order", "utter_meaning_other"]
    assert guest.slots["unclear"]["text"] == "order thing"


@pytest.mark.parametrize("ranking", [{"track_order": 0.2, "thanks": 0.2}, {"track_order": 0.3, "view_cart": 0.04}, {}])
def test_unlikely_readings_and_small_talk_are_not_asked_about(unclear, ranking):
    assert unclear("hmm what", ranking).responses != ["utter_which_meaning"]


def test_never_the_same_answer_twice_in_a_row_and_at_last_a_person(unclear):
    likely = {"track_order": 0.35, "cancel_order": 0.3}
    said = [unclear(f"blah {n}", likely).responses[-1] for n in range(4)]
    assert said[:3] == ["utter_which_meaning", "utter_fallback", "utter_offer_person"]
    assert said[3].startswith("utter_person_")


def test_a_yes_to_which_of_the_two_puts_the_question_again(unclear, guest):
    unclear("order thing", {"track_order": 0.35, "cancel_order": 0.3})
    reply = guest.do("action_ask_confirmation", "yes", "affirm")
    assert reply.responses == ["utter_which_meaning"]
    assert reply.payloads[0]["quick_replies"][0] == "utter_meaning_track_order"
