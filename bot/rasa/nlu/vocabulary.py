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

from bot.rasa.nlu.fold import fold, folded
from bot.rasa.nlu.spelling import Spelling
from bot.rasa.nlu.titles import FuzzyTitles, aliases, article_of
from bot.rasa.nlu.tokenizer import english, tokens

logger = logging.getLogger(__name__)

# The vocabulary's list for each entity; of two entities with one spelling ("Oak" the colour, "Oak" the material) the earlier wins.
ENTITIES = {"categories": "category", "colours": "colour", "materials": "material", "brands": "brand", "sizes": "size", "titles": "product"}
_SIZE_WORDS = {"small": "S", "medium": "M", "large": "L", "extra large": "XL", "extra small": "XS"}
_BEFORE_A_SIZE = {"size", "sizes", "sized", "uk", "eu", "us"}


# Words at the end of a material that name none by themselves ("recycled card", "copper wire", "olive oil").
_NO_MATERIAL = {"card", "wire", "oil", "salt", "butter", "flower", "rope"}
_MADE_OF = {"wooden": "wood", "woolen": "wool", "woollen": "wool", "golden": "gold", "silvery": "silver", "metallic": "metal"}
# "Clear my cart", "a natural choice": colours that are also plain words.
_NOT_A_COLOUR = {"clear": {"my", "the", "it", "all", "everything", "cart", "basket", "out", "up"}, "natural": {"choice", "question"}}


@dataclass(frozen=True)
class Vocabulary:
    """`phrases` maps folded words ("oak table") to (entity, value in the catalogue's spelling)."""

    phrases: Mapping[str, tuple[str, str]]
    spelling: Spelling
    skus: Mapping[str, list[str]]
    matcher: PhraseMatcher
    titles: FuzzyTitles

    @classmethod
    def of(cls, content: Mapping[str, Any], common: frozenset[str] = frozenset()) -> Vocabulary:
        """From the shop's vocabulary.json: lists of words, and `skus` from title to skus. `common`: words that are no typing errors."""
        phrases: dict[str, tuple[str, str]] = {}
        for name, entity in ENTITIES.items():
            for value in content.get(name, ()):
                words, _ = folded(tokens(str(value)))
                if words and (len(words) > 1 or len(words[0]) > 1 or entity == "size"):
                    phrases.setdefault(" ".join(words), (entity, str(value)))
        skus = {title: list(of) for title, of in dict(content.get("skus", {})).items()}
        articles = _articles(content, skus)
        for word, found in (*_parts(content), *_sizes(content), *_made_of(phrases)):
            phrases.setdefault(word, found)
        names = {article: folded(tokens(article))[0] for article in articles}
        for article, words in names.items():
            if len(words) > 1:
                phrases.setdefault(" ".join(words), ("product", article))
        kinds = {phrase for phrase, (entity, _) in phrases.items() if entity == "category"}
        for alias, article in aliases(names):
            if alias.rpartition(" ")[2] not in kinds:  # "table lamps" are lamps, not the one table lamp there is
                phrases.setdefault(alias, ("product", article))
        matcher = PhraseMatcher(english().vocab, attr="ORTH")
        matcher.add("phrase", [Doc(english().vocab, words=phrase.split(" ")) for phrase in phrases])
        known = frozenset(word for phrase in phrases for word in phrase.split(" "))
        return cls(phrases, Spelling(known, common), articles | skus, matcher, FuzzyTitles(names))

    def find(self, doc: Doc) -> Iterator[dict[str, Any]]:
        """The longest phrases in `doc`, none overlapping another, as Rasa's entities without role."""
        words, positions = folded(doc, self.spelling)
        if not words:
            return
        plain = Doc(english().vocab, words=words)
        spans = filter_spans(self.matcher(plain, as_spans=True))
        found = [(span.start, span.end, *self.phrases[" ".join(words[span.start : span.end])]) for span in spans]
        longest = max((end - start for start, end, entity, _ in found if entity == "product"), default=1)
        if (near := self.titles.find(words)) and near[2] - near[1] > longest:
            article, start, end = near
            found = [other for other in found if other[1] <= start or other[0] >= end] + [(start, end, "product", article)]
        for start, end, entity, value in sorted(found):
            first, last = doc[positions[start]], doc[positions[end - 1]]
            if start + 1 == end and not _meant(doc, entity, first.i):
                continue
            entity_found = {"entity": entity, "value": value, "start": first.idx, "end": last.idx + len(last)}
            yield {**entity_found, "skus": self.skus[value]} if entity == "product" and value in self.skus else entity_found


def _articles(content: Mapping[str, Any], skus: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Article -> the skus of all its variants."""
    values = {str(value).casefold() for name in ("colours", "sizes") for value in content.get(name, ())}
    found: dict[str, list[str]] = {}
    for title in content.get("titles", ()):
        found.setdefault(article_of(str(title), values), []).extend(skus.get(str(title), []))
    return found


def _parts(content: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    """ "Mugs and Cups" is also asked for as mugs, and as cups."""
    for value in content.get("categories", ()):
        words = [word.strip(",") for word in str(value).split()]
        if "and" in (lower := [word.casefold() for word in words]) or "&" in lower:
            yield from ((fold(word), ("category", str(value))) for word in lower if word.endswith("s") and len(word) > 3)


def _sizes(content: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str]]]:
    sizes = set(content.get("sizes", ()))
    yield from ((word, ("size", size)) for word, size in _SIZE_WORDS.items() if size in sizes)


def _made_of(phrases: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, tuple[str, str]]]:
    """ "Wooden" is of wood; "recycled plastic" is also asked for as plastic."""
    yield from ((word, phrases[base]) for word, base in _MADE_OF.items() if base in phrases)
    for phrase, (entity, value) in list(phrases.items()):
        head = phrase.rpartition(" ")[2]
        if entity == "material" and head != phrase and len(head) > 3 and head not in _NO_MATERIAL:
            yield head, ("material", value.rpartition(" ")[2])


def _meant(doc: Doc, entity: str, position: int) -> bool:
    """Whether a single word that may be something else is the catalogue's here."""
    if entity == "size":
        return _is_size(doc, position)
    if entity == "colour" and (others := _NOT_A_COLOUR.get(doc[position].lower_)) and position + 1 < len(doc):
        return doc[position + 1].lower_ not in others
    if entity == "category" and doc[position].lower_ == "tops" and position:  # "20 quid tops"
        return not (doc[position - 1].like_num or doc[position - 1].lower_ in ("pounds", "quid", "euros", "max"))
    return True


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

    def __init__(self, path: Path, common: frozenset[str] = frozenset()) -> None:
        self._path, self._common = path, common
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
                self._current = Vocabulary.of(json.loads(self._path.read_bytes()), self._common)
            except (OSError, ValueError, TypeError, AttributeError) as error:
                logger.error(f"The vocabulary cannot be read ({type(error).__name__}); the last one stays in use.")
            else:
                logger.info(f"{len(self._current.phrases)} words and titles of the catalogue in use")
        return self._current
