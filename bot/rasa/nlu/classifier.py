"""The intent classifier: spelling repair, then a sentence encoder and word and character n-grams under one calibrated logistic regression.

The encoder knows paraphrases, repair and the character n-grams deal with typing errors, and together they beat DIET on short customer
messages in a fraction of its training time (docs/understanding.md has the numbers). Retrieval intents (`faq/delivery_time`) are classes
of their own, so that the answer of a retrieval action is picked here too and no response selector is needed.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.rasa.nlu.encoder import Encoder, encoder_directory
from bot.rasa.nlu.intents import Intents, learn

logger = logging.getLogger(__name__)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class HybridIntentClassifier(GraphComponent, IntentClassifier):
    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "strengths": [3.0, 10.0, 30.0],  # candidates for C of the logistic regression, chosen by cross-validation
            "folds": 3,
            "typo_copies": 1,  # mistyped copies of the training set
            "ranking_length": 5,
            "seed": 7,
            "cache": "var/cache/embeddings.npz",  # of the training texts; empty: none
        }

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config, self._storage, self._resource = config, model_storage, resource
        self._encoder: Encoder | None = None
        self._intents: Intents | None = None

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> HybridIntentClassifier:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learns from the intent examples and persists itself.

        Raises:
            RasaException: there are fewer than two intents, or an intent has fewer examples than there are folds.
        """
        examples = [
            (clean(message.get("text")), message.get_full_intent()) for message in training_data.intent_examples if message.get("text")
        ]
        classes = sorted({intent for _, intent in examples})
        folds = self._config["folds"]
        scarce = [name for name in classes if sum(intent == name for _, intent in examples) < folds]
        if scarce or len(classes) < 2:
            raise RasaException(
                f"Each of two or more intents needs {folds} examples or more; too few for: {', '.join(scarce) or 'a classifier'}."
            )
        self._encoder = Encoder(encoder_directory(), threads=2)
        cache = self._config["cache"]
        chosen = {key: self._config[key] for key in ("strengths", "folds", "typo_copies", "seed")}
        self._intents, best = learn(examples, self._encoder, cache=Path(cache) if cache else None, **chosen)
        logger.info(
            f"{len(classes)} intents from {len(examples)} examples; cross-validated accuracy {best.accuracy:.3f} "
            f"(mistyped {best.typo_accuracy:.3f}), log loss {best.log_loss:.3f}, C {best.strength:g}, temperature {best.temperature:.2f}"
        )
        self._persist(
            {"accuracy": best.accuracy, "typo_accuracy": best.typo_accuracy, "log_loss": best.log_loss, "strength": best.strength}
        )
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets intent, intent_ranking, familiarity and, for a retrieval intent, response_selector."""
        for message in messages:
            text = clean(message.get("text") or "")
            if text:
                self._classify(message, text)
        return messages

    def _classify(self, message: Message, text: str) -> None:
        chances, familiar = self._intents.read(text, self._encoder)
        of_intent: dict[str, float] = {}
        for name, chance in zip(self._intents.classes, chances, strict=True):
            intent = name.partition("/")[0]
            of_intent[intent] = of_intent.get(intent, 0.0) + float(chance)
        ranking = [{"name": name, "confidence": chance} for name, chance in sorted(of_intent.items(), key=lambda item: -item[1])]
        message.set("intent", ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking[: self._config["ranking_length"]], add_to_output=True)
        message.set("familiarity", familiar, add_to_output=True)
        if retrieval := self._retrieval(chances):
            message.set("response_selector", retrieval, add_to_output=True)

    def _retrieval(self, chances: np.ndarray) -> dict[str, Any]:
        """What Rasa's response selector would say: per retrieval intent, its most likely answer."""
        by_intent: dict[str, list[tuple[float, str]]] = {}
        for name, chance in zip(self._intents.classes, chances, strict=True):
            if "/" in name:
                by_intent.setdefault(name.partition("/")[0], []).append((float(chance), name))
        if not by_intent:
            return {}
        selected: dict[str, Any] = {"all_retrieval_intents": sorted(by_intent)}
        for intent, answers in by_intent.items():
            chance, name = max(answers)
            selected[intent] = {
                "response": {
                    "confidence": chance / sum(c for c, _ in answers),
                    "intent_response_key": name,
                    "utter_action": f"utter_{name}",
                }
            }
        return selected

    def _persist(self, learned: dict[str, float]) -> None:
        with self._storage.write_to(self._resource) as directory:
            self._intents.save(directory)
            (directory / "classifier.json").write_text(json.dumps({"encoder": self._encoder.fingerprint, **learned}))

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext, **_: Any
    ) -> HybridIntentClassifier:
        component = cls(config, model_storage, resource)
        component._encoder = Encoder(encoder_directory())
        with model_storage.read_from(resource) as directory:
            if component._encoder.fingerprint != json.loads((directory / "classifier.json").read_text())["encoder"]:
                raise RasaException("The sentence encoder is not the one this model was trained with. Train the bot again.")
            component._intents = Intents.load(directory, component._encoder)
        component.process([Message(data={"text": "warm up"})])
        return component


def clean(text: str) -> str:
    """White space folded; the encoder and the n-grams lower-case for themselves."""
    return " ".join(text.split())
