"""The intent classifier: a sentence encoder and word and character n-grams under one calibrated logistic regression.

The encoder knows paraphrases, the character n-grams survive typing errors, and together they beat DIET on short customer messages in
a fraction of its training time. Retrieval intents (`faq/delivery_time`) are classes of their own, so that the answer of a retrieval
action is picked here too and no response selector is needed.
"""

from __future__ import annotations

import json
import logging
import random
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
from bot.rasa.nlu.ngrams import NGrams
from bot.rasa.nlu.noise import with_typos
from bot.rasa.nlu.softmax import Features, fit, probabilities, scores

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
        self._ngrams: NGrams | None = None
        self._weights = np.zeros((0, 0), np.float32)
        self._temperature = 1.0
        self._classes: list[str] = []

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
        self._classes = sorted({intent for _, intent in examples})
        folds = self._config["folds"]
        scarce = [name for name in self._classes if sum(intent == name for _, intent in examples) < folds]
        if scarce or len(self._classes) < 2:
            raise RasaException(
                f"Each of two or more intents needs {folds} examples or more; too few for: {', '.join(scarce) or 'a classifier'}."
            )
        rng = random.Random(self._config["seed"])
        clean_texts = [text for text, _ in examples]
        copies = [[with_typos(text, rng) for text in clean_texts] for _ in range(self._config["typo_copies"])]
        texts = [text for part in (clean_texts, *copies) for text in part]
        rows = np.arange(len(texts))
        self._encoder = Encoder(encoder_directory(), threads=2)
        cache = self._config["cache"]
        dense = self._encoder.encode_cached(texts, Path(cache)) if cache else self._encoder.encode(texts)
        self._ngrams = NGrams.learn(texts)
        y = np.array([self._classes.index(intent) for _, intent in examples] * (1 + len(copies)))
        strengths = tuple(sorted(self._config["strengths"]))
        best = fit(
            Features(dense, self._ngrams.transform(texts)),
            y,
            rows % len(clean_texts),
            len(self._classes),
            strengths,
            folds,
            seed=self._config["seed"],
        )
        self._weights, self._temperature = best.weights, best.temperature
        logger.info(
            f"{len(self._classes)} intents from {len(clean_texts)} examples; cross-validated accuracy {best.accuracy:.3f}, "
            f"log loss {best.log_loss:.3f}, C {best.strength:g}, temperature {best.temperature:.2f}"
        )
        self._persist({"accuracy": best.accuracy, "log_loss": best.log_loss, "strength": best.strength})
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets intent, intent_ranking and, for a retrieval intent, response_selector."""
        for message in messages:
            text = clean(message.get("text") or "")
            if text:
                self._classify(message, text)
        return messages

    def _classify(self, message: Message, text: str) -> None:
        columns, values = self._ngrams.row(text)
        chances = probabilities(scores(self._weights, self._encoder.encode([text])[0], columns, values), self._temperature)
        of_intent: dict[str, float] = {}
        for name, chance in zip(self._classes, chances, strict=True):
            intent = name.partition("/")[0]
            of_intent[intent] = of_intent.get(intent, 0.0) + float(chance)
        ranking = [{"name": name, "confidence": chance} for name, chance in sorted(of_intent.items(), key=lambda item: -item[1])]
        message.set("intent", ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking[: self._config["ranking_length"]], add_to_output=True)
        if retrieval := self._retrieval(chances):
            message.set("response_selector", retrieval, add_to_output=True)

    def _retrieval(self, chances: np.ndarray) -> dict[str, Any]:
        """What Rasa's response selector would say: per retrieval intent, its most likely answer."""
        by_intent: dict[str, list[tuple[float, str]]] = {}
        for name, chance in zip(self._classes, chances, strict=True):
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
            np.savez(directory / "weights.npz", weights=self._weights, idf=self._ngrams.idf)
            meta = {"classes": self._classes, "temperature": self._temperature, "encoder": self._encoder.fingerprint, **learned}
            (directory / "classifier.json").write_text(json.dumps(meta))
            (directory / "ngrams.json").write_text(json.dumps(self._ngrams.vocabulary))

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext, **_: Any
    ) -> HybridIntentClassifier:
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as directory:
            meta = json.loads((directory / "classifier.json").read_text())
            with np.load(directory / "weights.npz", allow_pickle=False) as arrays:
                component._weights = arrays["weights"]
                component._ngrams = NGrams(json.loads((directory / "ngrams.json").read_text()), arrays["idf"])
        component._classes, component._temperature = meta["classes"], meta["temperature"]
        component._encoder = Encoder(encoder_directory())
        if component._encoder.fingerprint != meta["encoder"]:
            raise RasaException("The sentence encoder is not the one this model was trained with. Train the bot again.")
        component.process([Message(data={"text": "warm up"})])
        return component


def clean(text: str) -> str:
    """White space folded; the encoder and the n-grams lower-case for themselves."""
    return " ".join(text.split())
