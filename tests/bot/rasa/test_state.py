"""The state as text: small, exact in what matters, and refused when it is none of ours."""

from __future__ import annotations

import base64
import json
import zlib

import pytest

from bot.rasa import state


def unpacked(text: str) -> str:
    return zlib.decompress(base64.b64decode(text.partition(":")[2])).decode()


def test_slots_survive_as_they_were_and_the_state_stays_small(say, actions):
    shown = {"list": [{"sku": f"SKU-{k}", "price": 1299, "note": None} for k in range(10)], "größe": 1.5}
    events = [{"event": "slot", "name": "shown", "value": shown}, {"event": "slot", "name": "note", "value": None}]
    actions.answers["action_search"] = (200, {"events": events, "responses": []})
    say("find me a blue vase")
    for _ in range(50):
        answer = say("hello")
    assert answer["facts"]["slots"]["shown"] == shown
    assert "note" not in answer["facts"]["slots"]
    assert len(answer["state"]) < 4000


def test_the_state_holds_no_words_of_the_customer(say, actions):
    say("find me a purple hippopotamus", metadata={"customer_id": 424242})
    content = unpacked(say("thank you")["state"])
    assert "hippopotamus" not in content
    assert "424242" not in content


def test_loading_and_dumping_again_changes_nothing(say, bot):
    say("I want to return my order")
    text = say("SK-7Q2M-X9KD")["state"]
    tracker = state.load(text, "c1", bot.domain)
    assert json.loads(unpacked(state.dump(tracker, bot.domain))) == json.loads(unpacked(text))
    assert tracker.active_loop_name == "return_form"
    assert tracker.get_slot("requested_slot") == "reason"


def test_what_a_new_model_no_longer_knows_is_dropped(bot):
    slot, loop = {"event": "slot", "name": "gone", "value": 1}, {"event": "active_loop", "name": "gone_form"}
    text = state._pack([slot, loop, {"event": "action", "name": "action_gone"}])
    tracker = state.load(text, "c1", bot.domain)
    assert tracker.active_loop_name is None
    assert not tracker.events


FOREIGN = {
    "nonsense": "nonsense",
    "another version": "0:" + state.EMPTY[2:],
    "not base64": "1:!!!",
    "not zlib": "1:" + base64.b64encode(b"not zlib").decode(),
    "not a list": state._pack({"not": "a list"}),
    "too big": "1:" + base64.b64encode(zlib.compress(b" " * (state.MAX_BYTES + 9))).decode(),
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_a_state_that_is_none_of_ours_is_refused(bot, text):
    with pytest.raises(state.BadState):
        state.load(text, "c1", bot.domain)
