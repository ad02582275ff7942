"""What the bot makes of each of its own examples while it has not learned it: `python -m bot.rasa.crossvalidate OUT.json`.

The figures behind `shopkeeper nlu-report`. A quarter of the examples, with their mistyped copies, is held out at a time. The vocabulary
of n-grams and spelling repair is learned from all, so that the figures are a little kinder than on messages of strangers.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bot.rasa import light

LIKE = 0.85  # cosine in the untuned encoder's space from which two examples of different intents are shown
PAIRS = 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--project", type=Path, default=Path(), help="where config.yml, domain.yml and nlu_data/ lie")
    arguments = parser.parse_args()
    light.install()
    from bot.rasa.check import BadData
    from bot.rasa.nlu.encoder import EncoderMissing
    from bot.rasa.nlu.tuning import NotTuned

    try:
        found = crossvalidated(arguments.project)
    except (BadData, EncoderMissing, NotTuned, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    arguments.out.write_text(json.dumps(found))
    return 0


def crossvalidated(project: Path) -> dict[str, Any]:
    """{"rows": [{text, intent, copy, ranking: [[intent, confidence] x 3], familiarity}], "doubt": thresholds, "alike": [[intent, text,
    intent, text, cosine]]}; `copy` marks the mistyped copy of an example.

    Raises:
        BadData, EncoderMissing, NotTuned: as training does.
    """
    from rasa.shared.importers.importer import TrainingDataImporter

    from bot.rasa.nlu.classifier import HybridIntentClassifier, clean
    from bot.rasa.nlu.doubt import set_by_data, strangers
    from bot.rasa.nlu.encoder import Encoder, encoder_directory
    from bot.rasa.nlu.intents import learn
    from bot.rasa.nlu.tuning import Tuning

    files = [str(project / name) for name in ("config.yml", "domain.yml", "nlu_data")]
    importer = TrainingDataImporter.load_from_config(files[0], files[1], [files[2]])
    given = next((part for part in importer.get_config()["pipeline"] if part["name"].endswith(".HybridIntentClassifier")), {})
    config = HybridIntentClassifier.get_default_config() | given
    messages = importer.get_nlu_data().intent_examples
    examples = [(clean(message.get("text")), message.get_full_intent()) for message in messages if message.get("text")]
    encoder = Encoder(encoder_directory(), threads=2)
    layers = config["tuned_layers"]
    tuning = Tuning(layers, config["epochs"], tokens=config["tokens"], thorough=True) if layers else None
    chosen = {key: config[key] for key in ("strengths", "folds", "typo_copies", "seed")}
    intents, held_out = learn(examples, encoder, tuning=tuning, many=1_000_000, **chosen)
    _, strange = intents.read_many(list(strangers()))
    limits = set_by_data(held_out.y, held_out.chances, held_out.familiarity, intents.classes, strange)
    rows = []
    told = (held_out.examples, held_out.written, held_out.y, held_out.chances, held_out.familiarity)
    for number, written, y, chances, familiar in zip(*told, strict=True):
        best = np.argsort(-chances)[:3]
        rows.append(
            {
                "text": examples[number][0],
                "intent": intents.classes[y],
                "copy": not written,
                "ranking": [[intents.classes[k], round(float(chances[k]), 4)] for k in best],
                "familiarity": round(float(familiar), 3),
            }
        )
    return {"rows": rows, "doubt": asdict(limits), "alike": _alike(examples, encoder)}


def _alike(examples: list[tuple[str, str]], encoder: Any) -> list[list[Any]]:
    """The pairs of examples of two intents that the untuned encoder finds most alike."""
    vectors = encoder.encode([text for text, _ in examples])
    cosines = np.triu(vectors @ vectors.T, 1)
    found = []
    for flat in np.argsort(-cosines, axis=None):
        a, b = divmod(int(flat), len(examples))
        if cosines[a, b] < LIKE or len(found) == PAIRS:
            break
        if examples[a][1] != examples[b][1]:
            found.append([examples[a][1], examples[a][0], examples[b][1], examples[b][0], round(float(cosines[a, b]), 3)])
    return found


if __name__ == "__main__":
    sys.exit(main())
