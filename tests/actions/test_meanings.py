"""Every wish the bot can hear has words to ask a customer about it."""

from __future__ import annotations

import yaml

from actions.unsure import NOT_ASKED
from shop.settings import PROJECT


def test_every_intent_that_may_be_asked_about_is_worded_and_no_two_alike():
    domain = yaml.safe_load((PROJECT / "domain.yml").read_text())
    worded = {
        name.removeprefix("utter_meaning_"): said[0]["text"] for name, said in domain["responses"].items() if "utter_meaning_" in name
    }
    assert set(domain["intents"]) - NOT_ASKED - set(worded) == set()
    assert len(set(worded.values())) == len(worded)
