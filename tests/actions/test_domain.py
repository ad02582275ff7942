"""domain.yml, nlu_data/ and actions/ agree with each other."""

from __future__ import annotations

import re

import yaml

from actions import running
from actions.privacy import CONSENT
from shop.settings import PROJECT

DOMAIN = yaml.safe_load((PROJECT / "domain.yml").read_text())
TOPICS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((PROJECT / "nlu_data").glob("*.yml"))}
SOURCE = {path.stem: path.read_text() for path in (PROJECT / "actions").glob("*.py")}
running.load()


def examples() -> dict[str, list[str]]:
    return {block["intent"]: block["examples"].splitlines() for topic in TOPICS.values() for block in topic["nlu"]}


def steps() -> list[dict]:
    return [step for topic in TOPICS.values() for rule in topic["rules"] for step in rule["steps"]]


def test_every_action_of_the_domain_exists_and_every_action_is_in_the_domain():
    assert set(running.ACTIONS) == set(DOMAIN["actions"])


def test_every_intent_has_a_rule_and_enough_varied_examples():
    intents = set(DOMAIN["intents"])
    assert {step["intent"] for step in steps() if "intent" in step} == intents
    lines = examples()
    assert set(lines) == intents - {"nlu_fallback"}
    few = {intent: len(of) for intent, of in lines.items() if len(of) < 12}
    assert not few


def test_no_example_stands_under_two_intents():
    everywhere = [line.lower() for of in examples().values() for line in of]
    assert len(everywhere) == len(set(everywhere))


def test_every_question_to_confirm_has_its_response_and_every_response_that_is_uttered_exists():
    for kind in running.CONFIRMED:
        assert f"utter_confirm_{kind}" in DOMAIN["responses"]
    named = set(re.findall(r'"(utter_[a-z_]+)"', "".join(SOURCE.values())))
    assert named - set(DOMAIN["responses"]) == set()
    assert {response for *_, response in CONSENT.values()} <= set(DOMAIN["responses"])


def test_responses_hold_no_numbers_of_their_own():
    for name, variants in DOMAIN["responses"].items():
        for variant in variants:
            assert not re.search(r"[£$€]|\d", variant["text"]), name


def test_actions_hold_no_sentences_for_customers():
    said = re.compile(r"""say\w*\(\s*f?["'](?!utter_)""")
    assert [name for name, source in SOURCE.items() if said.search(source)] == []


def test_every_slot_that_a_form_asks_for_has_a_question_and_an_answer_to_a_bad_one():
    for form, content in DOMAIN["forms"].items():
        for slot in content["required_slots"]:
            assert f"utter_ask_{form}_{slot}" in DOMAIN["responses"] or f"utter_ask_{slot}" in DOMAIN["responses"]
            assert f"utter_bad_{slot}" in DOMAIN["responses"]
