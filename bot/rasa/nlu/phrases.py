"""Set phrases that belong to no shop: ways to pay, people, occasions, reasons, comparisons, towns and countries (words.yml)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from ruamel.yaml import YAML
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc
from spacy.util import filter_spans

from bot.rasa.nlu.fold import folded
from bot.rasa.nlu.tokenizer import english, tokens

WORDS = Path(__file__).with_name("words.yml")
# Names that are also plain words count only after a preposition that a place can follow, or written as a name.
_BEFORE_A_PLACE = frozenset(["in", "to", "from", "at", "near", "is", "of", "and", "or", "for"])
_PLACES = frozenset(("city", "country"))
_PAYING = re.compile(r"\b(pay\w*|accept\w*|charge\w*|declined|refused|checkout|debit|credit|visa)\b", re.IGNORECASE)
_BUYING_FOR = re.compile(
    r"\b(gifts?|presents?|for|treat|surprise|santa|likes?|loves?|get|give|birthday|wedding|anniversary|turns|retir\w+)\b", re.IGNORECASE
)

_OF_A_PAGE = re.compile(r"\b(vouchers?|codes?|coupons?|page|site|website|link|app|button|login|password|card)\b", re.IGNORECASE)
_BOUND = re.compile(r"\s+than\s+(?:an?\s+)?[£$€]?\d", re.IGNORECASE)  # "cheaper than 20" is a price


def find_phrases(doc: Doc) -> Iterator[dict[str, Any]]:
    """Rasa's entities, longest phrases first, none overlapping another."""
    phrases, matcher = _phrases()
    words, positions = folded(doc)
    if not words:
        return
    plain = Doc(english().vocab, words=words)
    for span in filter_spans(matcher(plain, as_spans=True)):
        entity, value = phrases[" ".join(words[span.start : span.end])]
        first, last = doc[positions[span.start]], doc[positions[span.end - 1]]
        if _fits(doc, entity, first.i, last.i):
            yield {"entity": entity, "value": value, "start": first.idx, "end": last.idx + len(last)}


def _fits(doc: Doc, entity: str, first: int, last: int) -> bool:
    before = doc[first - 1].lower_ if first else ""
    if entity in _PLACES:
        return before in _BEFORE_A_PLACE or doc[first].is_title or doc[first].is_upper or before == "," or len(doc) == last - first + 1
    if entity == "recipient":
        if doc[first].lower_ in ("work", "me", "myself", "manager", "boy", "girl"):
            return before in ("at", "for", "a", "little")
        return bool(_BUYING_FOR.search(doc.text))
    if entity == "reason":
        return not _OF_A_PAGE.search(doc.text)
    if entity == "comparison":
        return not _BOUND.match(doc.text[doc[last].idx + len(doc[last]) :])
    if entity == "payment_method" and first == last and doc[first].lower_ in ("cash", "cheque", "gift"):
        return bool(_PAYING.search(doc.text)) or before in ("by", "with", "in", "use")
    return True


@lru_cache(maxsize=1)
def _phrases() -> tuple[dict[str, tuple[str, str]], PhraseMatcher]:
    """Folded phrase -> (entity, value), and the matcher of all of them; read once a process."""
    found: dict[str, tuple[str, str]] = {}
    for entity, listed in YAML(typ="safe").load(WORDS.read_text(encoding="utf-8")).items():
        spelt = listed.items() if isinstance(listed, dict) else ((name, ()) for names in listed for name in names)
        for value, spellings in spelt:
            for spelling in (value, *spellings):
                _put(found, spelling, entity, value)
    for code, name in Locale("en").territories.items():
        if len(code) == 2 and code.isalpha():
            _put(found, str(name), "country", str(name))
    matcher = PhraseMatcher(english().vocab, attr="ORTH")
    matcher.add("phrase", [Doc(english().vocab, words=phrase.split(" ")) for phrase in found])
    return found, matcher


def _put(found: dict[str, tuple[str, str]], spelling: str, entity: str, value: str) -> None:
    words, _ = folded(tokens(spelling))
    if words:
        found.setdefault(" ".join(words), (entity, value))
