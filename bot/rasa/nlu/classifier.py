"""The intent classifier: spelling repair, then a sentence encoder and word and character n-grams under one calibrated logistic regression.

The encoder knows paraphrases, repair and the character n-grams deal with typing errors, and together they beat DIET on short customer
messages in a fraction of its training time (docs/understanding.md has the numbers). Retrieval intents (`faq/delivery_time`) are classes
of their own, so that the answer of a retrieval action is picked here too and no response selector is needed.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.rasa.examples import FEWEST
from bot.rasa.nlu.doubt import Doubt, doubt_of, set_by_data, strangers
from bot.rasa.nlu.encoder import Encoder, encoder_directory
from bot.rasa.nlu.intents import Intents, WrongEncoder, learn
from bot.rasa.nlu.rules import masked
from bot.rasa.nlu.tuning import DEFAULT, NotTuned, Tuning

logger = logging.getLogger(__name__)

CATALOGUE = {"product", "category", "brand", "colour", "material", "size"}  # what only a customer of the shop speaks of


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class HybridIntentClassifier(GraphComponent, IntentClassifier):
    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "fewest_examples": FEWEST,  # of an intent; the check before training refuses fewer (bot/rasa/examples.py)
            "strengths": [3.0, 10.0, 30.0],  # candidates for C of the logistic regression, chosen by cross-validation
            "folds": 3,
            "typo_copies": 1,  # mistyped copies of the training set
            "tuned_layers": 0,  # 2: the encoder's last two are fine-tuned; 0: it stays as it is
            "members": DEFAULT.members,  # encoders tuned from different seeds, whose mean is served; fewer where the tokens do not suffice
            "epochs": DEFAULT.epochs,
            "tokens": DEFAULT.tokens,  # read in tuning, over all epochs, at most; more examples than that allows make for fewer epochs
            "acts_on_doubt": False,  # a message in doubt becomes nlu_fallback here; else by what FallbackClassifier is told
            "ranking_length": 5,
            "seed": 7,
            "cache": "var/cache/embeddings.npz",  # of the training texts, where nothing is tuned; empty: none
        }

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config, self._storage, self._resource = config, model_storage, resource
        self._intents: Intents | None = None
        self._doubt: Doubt | None = None

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> HybridIntentClassifier:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learns from the intent examples and persists itself.

        Raises:
            RasaException: there are fewer than two intents, an intent has fewer examples than there are folds, or tuning failed.
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
        cache, layers = self._config["cache"], self._config["tuned_layers"]
        chosen = {key: self._config[key] for key in ("strengths", "folds", "typo_copies", "seed")}
        tuning = Tuning(layers, self._config["epochs"], tokens=self._config["tokens"], members=self._config["members"]) if layers else None
        encoder = Encoder(encoder_directory(), threads=2)
        try:
            self._intents, held_out = learn(examples, encoder, cache=Path(cache) if cache else None, tuning=tuning, **chosen)
        except NotTuned as error:
            raise RasaException(str(error)) from None
        _, strange = self._intents.read_many(list(strangers()))
        self._doubt = set_by_data(held_out.y, held_out.chances, held_out.familiarity, classes, strange)
        best = held_out.fit
        logger.info(
            f"{len(classes)} intents from {len(examples)} examples; held-out accuracy {best.accuracy:.3f} "
            f"(mistyped {best.typo_accuracy:.3f}), log loss {best.log_loss:.3f}, calibration error {self._doubt.ece:.3f}"
        )
        self._persist({"accuracy": best.accuracy, "typo_accuracy": best.typo_accuracy, "log_loss": best.log_loss})
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets intent, intent_ranking, familiarity, out_of_scope, doubt and, for a retrieval intent, response_selector."""
        said = [(message, text) for message in messages if (text := clean(message.get("text") or ""))]
        if said:
            chances, familiar = self._intents.read_many([text for _, text in said])
            for (message, _), row, familiarity in zip(said, chances, familiar, strict=True):
                self._classify(message, row, float(familiarity))
        return messages

    def _classify(self, message: Message, chances: np.ndarray, familiar: float) -> None:
        of_intent: dict[str, float] = {}
        for name, chance in zip(self._intents.classes, chances, strict=True):
            intent = name.partition("/")[0]
            of_intent[intent] = of_intent.get(intent, 0.0) + float(chance)
        ranking = [{"name": name, "confidence": chance} for name, chance in sorted(of_intent.items(), key=lambda item: -item[1])]
        named = any(entity["entity"] in CATALOGUE for entity in message.get("entities") or ())
        strange, doubt = doubt_of(ranking, familiar, named, self._doubt)
        best = {**ranking[0], "name": DEFAULT_NLU_FALLBACK_INTENT_NAME} if doubt and self._config["acts_on_doubt"] else ranking[0]
        message.set("intent", best, add_to_output=True)
        message.set("intent_ranking", ranking[: self._config["ranking_length"]], add_to_output=True)
        message.set("familiarity", round(familiar, 3), add_to_output=True)
        message.set("out_of_scope", round(strange, 4), add_to_output=True)
        message.set("doubt", doubt, add_to_output=True)
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
            (directory / "classifier.json").write_text(json.dumps({"doubt": asdict(self._doubt), **learned}, indent=1))

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext, **_: Any
    ) -> HybridIntentClassifier:
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as directory:
            component._doubt = Doubt(**json.loads((directory / "classifier.json").read_text())["doubt"])
            try:
                component._intents = Intents.load(directory, encoder_directory())
            except WrongEncoder as error:
                raise RasaException(str(error)) from None
        component.process([Message(data={"text": "warm up"})])
        return component


def clean(text: str) -> str:
    """White space folded, order numbers and email addresses all alike; the encoder and the n-grams lower-case for themselves."""
    return " ".join(masked(text).split())
