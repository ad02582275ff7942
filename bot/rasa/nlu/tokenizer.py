"""Tokens from spaCy's rules for English: punctuation stands apart, offsets are exact, no model is needed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import spacy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message
from spacy.language import Language
from spacy.tokens import Doc


@lru_cache(maxsize=1)
def english() -> Language:
    """spaCy's blank English pipeline; one a process."""
    return spacy.blank("en")


def tokens(text: str) -> Doc:
    """spaCy's tokens, offsets as in `text`. Long runs of symbols are read as spaces: spaCy takes them off one by one, in quadratic time."""
    return english().make_doc(_SYMBOLS.sub(lambda run: " " * len(run.group()), text))


_SYMBOLS = re.compile(r"[^\w\s]{20,}")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class SpacyRuleTokenizer(Tokenizer):
    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"intent_tokenization_flag": False, "intent_split_symbol": "_", "token_pattern": None}

    @classmethod
    def create(cls, config: dict[str, Any], *_: Any, **__: Any) -> SpacyRuleTokenizer:
        return cls(config)

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        return [Token(token.text, token.idx, lemma=token.lower_) for token in tokens(message.get(attribute)) if not token.is_space]
