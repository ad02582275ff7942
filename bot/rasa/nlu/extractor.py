"""The entity extractor: first the shop's whole titles, then rules for what has a shape, then the other words of the shop."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.training_data.message import Message

from bot.rasa.nlu.encoder import encoder_directory
from bot.rasa.nlu.grouping import mark_groups
from bot.rasa.nlu.negation import mark_negated
from bot.rasa.nlu.people import find_persons
from bot.rasa.nlu.phrases import find_phrases
from bot.rasa.nlu.rules import find_all
from bot.rasa.nlu.tokenizer import tokens
from bot.rasa.nlu.vocabulary import Vocabulary, VocabularyFile

_MAY_BE_NEGATED = {"category", "brand", "colour", "material", "size", "product"}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class CatalogueEntityExtractor(GraphComponent, EntityExtractorMixin):
    """Entities as bot/rasa/README.md lists them. Nothing is learned: a new product is understood when the vocabulary file names it."""

    def __init__(self, vocabulary: VocabularyFile) -> None:
        self._vocabulary = vocabulary

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> CatalogueEntityExtractor:
        path = Path(os.environ.get("SHOPKEEPER_VOCABULARY") or "var/vocabulary.json")
        return cls(VocabularyFile(path, english_words(encoder_directory())))

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            found = extract(message.get("text") or "", self._vocabulary.current())
            message.set("entities", [{**entity, "extractor": self.name} for entity in found], add_to_output=True)
        return messages


def extract(text: str, vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """The entities of a text, by offset, none overlapping another."""
    doc = tokens(text)
    words = list(vocabulary.find(doc))
    titles = [entity for entity in words if entity["entity"] == "product" and " " in text[entity["start"] : entity["end"]]]
    found = _without_overlap([*titles, *find_all(text), *find_phrases(doc), *find_persons(text), *words])
    mark_negated(doc, [entity for entity in found if entity["entity"] in _MAY_BE_NEGATED])
    mark_groups(text, found)
    return found


def english_words(encoder: Path) -> frozenset[str]:
    """The whole words of the encoder's vocabulary: what is in it is no typing error. Empty when there is no encoder."""
    try:
        pieces = json.loads((encoder / "tokenizer.json").read_bytes())["model"]["vocab"]
    except (OSError, ValueError, KeyError):
        return frozenset()
    return frozenset(piece for piece in pieces if len(piece) > 2 and piece.isalpha())


def _without_overlap(candidates: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first to claim a stretch of text keeps it."""
    kept: list[dict[str, Any]] = []
    for entity in candidates:
        if not any(entity["start"] < other["end"] and other["start"] < entity["end"] for other in kept):
            kept.append(entity)
    return sorted(kept, key=lambda entity: entity["start"])
