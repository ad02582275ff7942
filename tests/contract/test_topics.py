"""docs/topics.md names intents that exist, and leaves no intent of the domain out; each is met in a whole conversation."""

from __future__ import annotations

import re

import yaml

from shop.settings import PROJECT

TOPICS = (PROJECT / "docs/topics.md").read_text()
INTENTS = set(yaml.safe_load((PROJECT / "domain.yml").read_text())["intents"])
CONVERSATIONS = [one for path in (PROJECT / "tests/dialogues").glob("*.yml") for one in yaml.safe_load(path.read_text())]
BITEXT = """
    cancel_order change_order change_shipping_address check_cancellation_fee check_invoice check_payment_methods check_refund_policy
    complaint contact_customer_service contact_human_agent create_account delete_account delivery_options delivery_period edit_account
    get_invoice get_refund newsletter_subscription payment_issue place_order recover_password registration_problems review
    set_up_shipping_address switch_account track_order track_refund
"""
# Questions beside a topic of the table, each answered by itself.
ASIDE = {
    *("ask_delivery_countries", "ask_missed_delivery", "ask_payment_security", "ask_refund_time", "give_order_number"),
    *("list_orders", "no_order_number"),
}


def named() -> set[str]:
    rows = [line.split("|")[2] for line in TOPICS.splitlines() if line.startswith("| ")]
    prose = TOPICS.partition("## Dialogue")[2].partition("## Cases")[0]
    return set(re.findall(r"`([a-z_]+)`", " ".join([*rows, prose])))


def test_every_topic_of_the_yardstick_has_a_row_of_its_own():
    table = TOPICS.partition("## More service")[0]
    rows = re.findall(r"^\| (\w+) \| `(\w+)`", table, re.MULTILINE)
    assert [topic for topic, _ in rows if topic != "topic"] == BITEXT.split()
    assert len({intent for _, intent in rows}) == len(BITEXT.split())


def test_every_intent_that_is_named_exists():
    assert named() - INTENTS == set()


def test_every_intent_is_named():
    assert INTENTS - named() == ASIDE


def test_every_intent_is_met_in_a_whole_conversation():
    turns = [turn for conversation in CONVERSATIONS for turn in conversation["turns"]]
    expected = [turn.get("intent") or turn.get("presses", {}).get("intent") or [] for turn in turns]
    assert INTENTS - {intent for one in expected for intent in ([one] if isinstance(one, str) else one)} == set()
