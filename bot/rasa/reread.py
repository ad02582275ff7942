"""Reads messages again with a trained model, without answering anybody: `python -m bot.rasa.reread --model DIR < in > out`.

In: a conversation a line, {"turns": [{"text", "intent"?, "entities"?, "slots"?, "actions"?}]}; what is known of a turn is what became of it
then. Out: a line each, {"turns": [{"intent", "confidence", "entities": {name: value}, "action"}]}, `action` the first thing the model would
do, given the conversation as it was up to that message. Custom actions do not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bot.rasa import light, models


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="the directory train.py wrote to, or one version in it")
    arguments = parser.parse_args()
    try:
        archive = arguments.model / models.ARCHIVE if (arguments.model / models.ARCHIVE).is_file() else models.current(arguments.model)[0]
    except models.NoModel as error:
        print(error, file=sys.stderr)
        return 1
    out, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints must not stand among the answers
    light.install()

    from bot.rasa import actions_client, logs, speed
    from bot.rasa.turn import Bot

    logs.configure()
    actions_client.install()
    speed.install()
    bot = Bot(archive, actions_client.ActionServer("http://127.0.0.1:9", "no action is run here", 1.0))
    for line in sys.stdin:
        print(json.dumps({"turns": reread(bot, json.loads(line)["turns"])}), file=out, flush=True)
    return 0


def reread(bot: Any, turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the bot makes of each turn of one conversation."""
    from rasa.shared.core.constants import ACTION_LISTEN_NAME
    from rasa.shared.core.events import ActionExecuted, UserUttered
    from rasa.shared.core.trackers import DialogueStateTracker

    from bot.rasa.turn import Turn

    tracker, found = DialogueStateTracker("reread", bot.domain.slots), []
    tracker.update(ActionExecuted(ACTION_LISTEN_NAME), bot.domain)
    for turn in turns:
        parse, *_ = bot._understand({"text": turn["text"]}, tracker, Turn())  # of two wishes the first
        asked = tracker.copy()
        asked.update(UserUttered(parse["text"], parse["intent"], parse["entities"], parse), bot.domain)
        action, _ = bot.processor.predict_next_with_tracker_if_should(asked)
        found.append(
            {
                "intent": parse["intent"]["name"], "confidence": round(float(parse["intent"]["confidence"]), 4),
                "entities": {one["entity"]: one["value"] for one in parse["entities"]}, "action": action.name(),
            }
        )  # fmt: skip
        for event in _past(turn, parse, tracker, bot.domain):
            tracker.update(event, bot.domain)
    return found


def _past(turn: dict[str, Any], parse: dict[str, Any], tracker: Any, domain: Any) -> list[Any]:
    """What became of a turn, as events; where nothing is known of it, what the model makes of it now."""
    from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT
    from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet, UserUttered

    intent = {"name": turn["intent"], "confidence": 1.0} if turn.get("intent") else parse["intent"]
    events: list[Any] = [UserUttered(turn["text"], intent, turn.get("entities") or [])]
    known = set(domain.action_names_or_texts)
    actions = [name for name in turn.get("actions") or () if name in known]
    events += [ActionExecuted(name) for name in actions]
    slots = turn.get("slots") or {}
    names = {slot.name for slot in domain.slots}
    events += [SlotSet(name, slots.get(name)) for name in tracker.slots if name in names and tracker.slots[name].value != slots.get(name)]
    form = next((name for name in reversed(actions) if name in domain.form_names), tracker.active_loop_name)
    running = form if slots.get(REQUESTED_SLOT) else None
    if running != tracker.active_loop_name:
        events.append(ActiveLoop(running))
    return [*events, ActionExecuted(ACTION_LISTEN_NAME)]


if __name__ == "__main__":
    sys.exit(main())
