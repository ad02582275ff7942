"""The shop's words, matched in a customer's: category, brand, colour, material, size and product title."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc
from spacy.util import filter_spans

from bot.rasa.nlu.fold import folded
from bot.rasa.nlu.tokenizer import english, tokens

logger = logging.getLogger(__name__)

# The vocabulary's list for each entity; of two entities with one spelling ("Oak" the colour, "Oak" the material) the earlier wins.
ENTITIES = {"categories": "category", "colours": "colour", "materials": "material", "brands": "brand", "sizes": "size", "titles": "product"}
_SIZE_WORDS = {"small": "S", "medium": "M", "large": "L", "extra large": "XL", "extra small": "XS"}
_BEFORE_A_SIZE = {"size", "sizes", "sized", "uk", "eu", "us"}


@dataclass(frozen=True)
class Vocabulary:
    """`phrases` maps folded words ("oak table") to (entity, value in the catalogue's spelling)."""

    phrases: Mapping[str, tuple[str, str]]
    words: frozenset[str]
    skus: Mapping[str, list[str]]
    matcher: PhraseMatcher

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Vocabulary:
        """From the shop's vocabulary.json: lists of words, and `skus` from title to skus."""
        phrases: dict[str, tuple[str, str]] = {}
        for name, entity in ENTITIES.items():
            for value in content.get(name, ()):
                words, _ = folded(tokens(str(value)))
                if words and (len(words) > 1 or len(words[0]) > 1 or entity == "size"):
                    phrases.setdefault(" ".join(words), (entity, str(value)))
        sizes = set(content.get("sizes", ()))
        for word, size in _SIZE_WORDS.items():
            if size in sizes:
                phrases.setdefault(word, ("size", size))
        matcher = PhraseMatcher(english().vocab, attr="ORTH")
        matcher.add("phrase", [Doc(english().vocab, words=phrase.split(" ")) for phrase in phrases])
        words = frozenset(word for phrase in phrases for word in phrase.split(" "))
        return cls(phrases, words, dict(content.get("skus", {})), matcher)

    def find(self, doc: Doc) -> Iterator[dict[str, Any]]:
        """The longest phrases in `doc`, none overlapping another, as Rasa's entities without role."""
        words, positions = folded(doc, self.words)
        if not words:
            return
        plain = Doc(english().vocab, words=words)
        for span in filter_spans(self.matcher(plain, as_spans=True)):
            entity, value = self.phrases[" ".join(words[span.start : span.end])]
            first, last = doc[positions[span.start]], doc[positions[span.end - 1]]
            if entity == "size" and first.i == last.i and not _is_size(doc, first.i):
                continue
            found = {"entity": entity, "value": value, "start": first.idx, "end": last.idx + len(last)}
            yield {**found, "skus": self.skus[value]} if entity == "product" and value in self.skus else found


def _is_size(doc: Doc, position: int) -> bool:
    """A number is a size only after "size 10"; a single letter after "size" or "in a", as a capital ("in M or L") or alone: the
    m of "I'm" and "im" is none."""
    token, before = doc[position], doc[position - 1].lower_ if position else ""
    if token.text[0].isdigit() and token.text.replace(".", "").isdigit():
        return before in _BEFORE_A_SIZE
    if len(token) == 1:
        if position and not doc[position - 1].whitespace_ and (before.isalpha() or before in "'’"):
            return False  # the rest of a contraction
        in_a = before in {"a", "an"} and position > 1 and doc[position - 2].lower_ == "in"
        return before in _BEFORE_A_SIZE or in_a or token.is_upper or len(doc) == 1
    return True


class VocabularyFile:
    """The vocabulary in a file, read again when it changes. A missing file is empty; a broken one leaves the last good one in use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._current = Vocabulary.of({})

    def current(self) -> Vocabulary:
        try:
            status = self._path.stat()
        except OSError:
            return self._current
        if (version := (status.st_mtime_ns, status.st_size)) != self._seen:
            self._seen = version
            try:
                self._current = Vocabulary.of(json.loads(self._path.read_bytes()))
            except (OSError, ValueError, TypeError, AttributeError) as error:
                logger.error(f"The vocabulary cannot be read ({type(error).__name__}); the last one stays in use.")
            else:
                logger.info(f"{len(self._current.phrases)} words and titles of the catalogue in use")
        return self._current
