"""Reads many texts with the trained bot: `python -m bot.rasa.understand --model DIR`, a JSON string a line in, a JSON object a line out.

`shopkeeper understand` runs it in Rasa's environment. An answer has intent, intent_ranking, entities, out_of_scope and doubt, as
docs/understanding.md explains them; of a blank text only an intent, `nlu_fallback`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from bot.rasa import light, models

BATCH = 256
KEYS = ("intent", "intent_ranking", "entities", "out_of_scope", "doubt")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("var/models/bot"))
    arguments = parser.parse_args()
    light.install()
    from rasa.shared.exceptions import RasaException

    from bot.rasa import logs
    from bot.rasa.nlu.encoder import EncoderMissing

    logs.configure()
    try:
        archive, _ = models.current(arguments.model)
        for answer in understood(archive, (json.loads(line) for line in sys.stdin)):
            sys.stdout.write(json.dumps(answer) + "\n")
    except (models.NoModel, RasaException, EncoderMissing) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def understood(archive: Path, texts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What the bot makes of each text, in order, a batch at a time.

    Raises:
        RasaException, EncoderMissing: the model or the encoder cannot be loaded.
    """
    from rasa.core.channels.channel import UserMessage
    from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
    from rasa.engine.loader import load_predict_graph_runner
    from rasa.engine.storage.local_model_storage import LocalModelStorage
    from rasa.shared.core.trackers import DialogueStateTracker

    from bot.rasa.speed import StraightRunner
    from bot.rasa.turn import FALLBACK, clean

    with tempfile.TemporaryDirectory() as unpacked:
        metadata, runner = load_predict_graph_runner(Path(unpacked), archive, LocalModelStorage, StraightRunner)
    texts, nobody = iter(texts), DialogueStateTracker("", [])
    while batch := [clean(text) for text in islice(texts, BATCH)]:
        said = [text for text in batch if text.strip()]
        inputs = {PLACEHOLDER_MESSAGE: [UserMessage(text) for text in said], PLACEHOLDER_TRACKER: nobody}
        parsed = iter(runner.run(inputs, [metadata.nlu_target])[metadata.nlu_target] if said else ())
        for text in batch:
            found = next(parsed).as_dict(only_output_properties=True) if text.strip() else {"intent": {"name": FALLBACK, "confidence": 0.0}}
            yield {key: found[key] for key in KEYS if key in found}


if __name__ == "__main__":
    sys.exit(main())
