"""Every conversation under this folder, played against Rasa, the action server and the recommender over the demo shop."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.dialogues.player import Player

HERE = Path(__file__).parent
SCRIPTS = {
    f"{path.stem}: {script['conversation']}": script for path in sorted(HERE.glob("*.yml")) for script in yaml.safe_load(path.read_text())
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_conversation(bot, name):
    store, settings = bot
    Player(store, settings, settings.rasa_urls[0], SCRIPTS[name]).play()


def test_every_topic_has_conversations():
    topics = {path.stem for path in (HERE.parent.parent / "nlu_data").glob("*.yml")}
    assert topics <= {path.stem for path in HERE.glob("*.yml")}
    assert len(SCRIPTS) >= 140
