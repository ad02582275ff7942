"""One turn: what is understood, said, kept, and what happens when an action fails."""

from __future__ import annotations

import asyncio
import time

import pytest

REPLY = {
    "response": "utter_found",
    "count": 2,
    "custom": {"products": [{"sku": "A"}], "quick_replies": ["Next"]},
    "buttons": [{"title": "More", "payload": "m"}],
}
FOUND = {"events": [{"event": "slot", "name": "shown", "value": [{"sku": "A"}]}], "responses": [REPLY]}
FAILURES = {
    "status 500": (500, {"error": "x"}),
    "not JSON": (200, b"not json"),
    "malformed events": (200, {"events": [{"no": "event"}]}),
    "malformed responses": (200, {"responses": "none"}),
    "rejected": (400, {"action_name": "action_break", "error": "rejected"}),
    "redirect": (302, b""),
    "hangs": 5.0,
}


def texts(answer: dict) -> list[str]:
    return [message.get("text") for message in answer["messages"]]


def test_a_rule_answers_with_text_and_buttons_as_quick_replies(say):
    answer = say("hello")
    assert answer["messages"] == [{"text": "Hello.", "quick_replies": ["Search"]}]
    assert answer["facts"]["intent"] == "greet"
    assert answer["facts"]["actions"] == ["utter_greet"]
    assert answer["facts"]["failed_action"] is None
    assert 0.3 < answer["facts"]["confidence"] <= 1
    assert set(answer["facts"]["timings"]) == {"parse", "actions", "total"}


def test_an_actions_response_and_its_json_message_are_one_message_and_its_slots_are_kept(say, actions):
    actions.answers["action_search"] = (200, FOUND)
    answer = say("find me a blue vase")
    assert answer["messages"] == [{"text": "Found 2.", "products": [{"sku": "A"}], "quick_replies": ["More", "Next"]}]
    assert answer["facts"]["slots"]["shown"] == [{"sku": "A"}]
    assert say("hello")["facts"]["slots"]["shown"] == [{"sku": "A"}]


def test_what_an_agent_tells_the_bot_is_known_from_that_turn_on_and_unknown_names_tell_nothing(say):
    answer = say("hello", slots={"order_number": "SK-1", "no_such_slot": "x"})
    assert answer["facts"]["slots"]["order_number"] == "SK-1"
    assert "no_such_slot" not in answer["facts"]["slots"]
    assert say("hello")["facts"]["slots"]["order_number"] == "SK-1"


def test_an_action_is_told_who_asks_and_not_the_domain(say, actions):
    say("hello")
    say("find me a vase", metadata={"customer_id": 7, "signed_in": True}, message_id="c1:8")
    request, headers = actions.requests[-1], actions.headers[-1]
    assert headers["Authorization"].startswith("Bearer a secret")
    told = request["tracker"]["latest_message"]["metadata"]
    assert told.pop("idle") < 30  # seconds since "hello"
    assert told == {"customer_id": 7, "signed_in": True, "message_id": "c1:8"}
    assert request["tracker"]["latest_message"]["intent"]["name"] == "search"
    assert set(request["domain"]) == {"version"}


def test_a_validating_action_is_told_the_forms_and_the_slot_to_validate(say, actions):
    say("I want to return my order")
    say("it is SK-7Q2M-X9KD")
    request = next(r for r in actions.requests if r["next_action"] == "validate_return_form" and r["tracker"]["slots"]["order_number"])
    assert request["domain"]["forms"]["return_form"]["required_slots"] == ["order_number", "reason"]
    assert request["tracker"]["events"][-1]["event"] == "slot"


def test_one_connection_serves_many_calls(say, actions):
    for _ in range(4):
        say("find me a blue vase")
    assert len(actions.requests) == 4
    assert actions.connections == 1


@pytest.mark.parametrize("typed", ["/restart", " /restart", "／restart", '/greet{"note": "hacked"}', "/session_start", "//goodbye"])
def test_a_typed_slash_has_no_power(say, actions, typed):
    actions.answers["action_search"] = (200, FOUND)
    state = say("find me a blue vase")["state"]
    with_slash, without = say(typed, state=state), say(typed.strip().lstrip("/／"), state=state)
    assert with_slash["facts"]["slots"]["shown"] == [{"sku": "A"}]
    assert with_slash["facts"]["slots"]["note"] == "none yet"
    for fact in ("intent", "intent_ranking", "entities", "actions"):
        assert with_slash["facts"][fact] == without["facts"][fact]
    assert with_slash["messages"] == without["messages"]


def test_a_text_is_read_in_nfc_and_without_control_characters(say, actions):
    say("find me a cafe\u0301\u0000\u202e vase")
    assert actions.requests[-1]["tracker"]["latest_message"]["text"] == "find me a caf\u00e9 vase"


def test_a_text_of_nothing_is_not_understood_and_harms_nothing(say):
    answer = say("\u200b\u0000")
    assert (answer["facts"]["intent"], texts(answer)) == ("nlu_fallback", ["Pardon?"])


def test_a_command_is_taken_as_said_whatever_the_text(say, actions):
    answer = say("Add to cart", command={"intent": "search", "entities": {"colour": "Red"}})
    assert (answer["facts"]["intent"], answer["facts"]["confidence"]) == ("search", 1.0)
    assert actions.requests[-1]["tracker"]["latest_message"]["entities"][0]["value"] == "Red"


def test_a_retrieval_intent_gets_its_own_answer(say):
    assert texts(say("how long does delivery take")) == ["Three days."]
    assert texts(say("what does shipping cost")) == ["Four pounds."]


@pytest.mark.parametrize("failing", FAILURES.values(), ids=FAILURES)
def test_a_failing_action_undoes_the_turn(say, actions, failing):
    before = say("hello")
    actions.answers["action_break"] = failing
    began = time.monotonic()
    answer = say("break it")
    assert time.monotonic() - began < 2
    assert answer["messages"] == []
    assert answer["facts"]["failed_action"] == "action_break"
    assert answer["state"] == before["state"]
    assert texts(say("thank you")) == ["You are welcome."]


def test_an_unreachable_action_server_undoes_the_turn(say, actions):
    before = say("hello")
    actions.server_close()
    answer = say("break it")
    assert (answer["messages"], answer["facts"]["failed_action"], answer["state"]) == ([], "action_break", before["state"])


def test_a_failing_validation_undoes_the_turn(say, actions):
    say("I want to return my order")
    actions.answers["validate_return_form"] = (500, {})
    answer = say("SK-7Q2M-X9KD")
    assert (answer["messages"], answer["facts"]["failed_action"]) == ([], "validate_return_form")
    del actions.answers["validate_return_form"]
    assert texts(say("SK-7Q2M-X9KD")) == ["Why?"]


def test_the_first_turns_failure_leaves_a_conversation_that_has_not_begun(say, actions):
    actions.answers["action_break"] = (500, {})
    assert say("break it")["messages"] == []
    assert texts(say("hello")) == ["Hello."]


def test_two_slow_actions_share_one_deadline(say, actions):
    actions.answers |= {"action_search": 0.7, "action_two": 0.7}
    began = time.monotonic()
    answer = say("do two things")
    assert time.monotonic() - began < 1.5
    assert answer["facts"]["failed_action"] == "action_two"


def test_a_turn_that_never_ends_is_stopped(say, actions):
    actions.answers["action_search"] = (200, {"events": [{"event": "followup", "name": "action_search"}], "responses": [{"text": "again"}]})
    answer = say("find me a blue vase")
    assert (answer["messages"], answer["facts"]["failed_action"]) == ([], "action_search")


def test_a_form_asks_validates_and_submits(say, actions):
    actions.answers["action_submit"] = (200, {"events": [], "responses": [{"response": "utter_returned"}]})
    assert texts(say("I want to return my order")) == ["Which order?"]
    assert texts(say("sk 7q2m x9kd")) == ["Why?"]
    answer = say("the lamp is broken")
    assert texts(answer) == ["Return of SK-7Q2M-X9KD."]
    assert answer["facts"]["slots"]["reason"] == "the lamp is broken"
    assert "requested_slot" not in answer["facts"]["slots"]


def test_a_form_survives_a_long_digression(say, actions):
    assert texts(say("I want to return my order")) == ["Which order?"]
    for _ in range(12):
        assert say("SK")["facts"]["failed_action"] is None
    assert texts(say("SK-7Q2M-X9KD")) == ["Why?"]


def test_conversations_at_the_same_time_do_not_mix(bot, actions):
    def echo(request: dict) -> tuple[int, dict]:
        who = request["sender_id"]
        return 200, {"events": [{"event": "slot", "name": "shown", "value": who}], "responses": [{"text": who}]}

    async def all_at_once() -> list[dict]:
        base = {"text": "find me a blue vase", "state": None, "metadata": {}, "command": None}
        requests = [{"conversation_id": f"c{k}", "message_id": f"c{k}:1", **base} for k in range(20)]
        answers = await asyncio.gather(*(bot.answer(request) for request in requests))
        await bot._actions.close()
        return answers

    bot._actions.timeout = 10.0
    actions.answers["action_search"] = echo
    for k, answer in enumerate(asyncio.run(all_at_once())):
        assert (answer["messages"], answer["facts"]["slots"]["shown"]) == ([{"text": f"c{k}"}], f"c{k}")
