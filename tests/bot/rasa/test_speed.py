"""What is made faster in Rasa decides as stock Rasa does."""

from __future__ import annotations

import json
import random

import pytest
from fastjsonschema import JsonSchemaValueException
from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.constants import PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER

from bot.rasa import actions_client, speed

ACTIONS, INTENTS = ["action_listen", "utter_greet", "action_search", None], ["greet", "search", None]


def some_state(rng: random.Random, rule: bool) -> dict:
    state: dict = {}
    if action := rng.choice(ACTIONS):
        state[PREVIOUS_ACTION] = {"action_name": action}
    if intent := rng.choice(INTENTS):
        state[USER] = {"intent": intent}
    if rng.random() < 0.3:
        state["slots"] = {"size": rng.choice([[1.0], [0.0], SHOULD_NOT_BE_SET]) if rule else rng.choice([(1.0,), (0.0,)])}
    return state


def as_stock(lookup: dict[str, str], states: list[dict]) -> set[str]:
    policy = RulePolicy.__new__(RulePolicy)
    keys = set(lookup)
    for turn, state in enumerate(reversed(states)):
        keys = {key for key in keys if policy._is_rule_applicable(key, turn, state)}
    return keys


def test_the_same_rules_apply_as_in_stock():
    rng = random.Random(7)
    lookup = {json.dumps([some_state(rng, True) for _ in range(rng.randint(1, 3))], sort_keys=True): "action_listen" for _ in range(300)}
    found = 0
    for _ in range(400):
        states = [some_state(rng, False) for _ in range(rng.randint(1, 4))]
        applicable = speed._possible_keys(None, lookup, states)
        assert applicable == as_stock(lookup, states)
        found += len(applicable)
    assert found > 400


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [
        ({"events": [], "responses": []}, True),
        ({}, True),
        ({"events": [{"event": "slot", "name": "size", "value": None}], "responses": [{"text": "hi"}]}, True),
        ({"events": [{"event": "slot"}]}, False),
        ({"events": [{"event": "slot", "name": 7, "value": None}]}, False),
        ({"events": [{"event": "wonder"}]}, False),
        ({"events": [{"name": "size"}]}, False),
        ({"events": ["slot"]}, False),
        ({"events": {}}, False),
        ({"responses": ["hi"]}, False),
        ([], False),
    ],
)
def test_an_actions_answer_is_held_to_rasas_schema(answer, accepted):
    if accepted:
        actions_client._check(answer)
    else:
        with pytest.raises(JsonSchemaValueException):
            actions_client._check(answer)


def test_every_kind_of_event_of_the_schema_has_a_check():
    kinds = actions_client.RemoteAction.action_response_format_spec()["properties"]["events"]["items"]["oneOf"]
    assert set(actions_client._check_event) == {kind["properties"]["event"]["const"] for kind in kinds}
