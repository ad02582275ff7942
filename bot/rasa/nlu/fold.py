"""Words made comparable: case, plural, spelling, hyphens and the commonest typing errors do not matter."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from spacy.tokens import Doc

_SPELLINGS = {"grey": "gray", "colour": "color", "jewellery": "jewelry", "aluminium": "aluminum", "mould": "mold", "&": "and"}
# "Scarves" and "knives", but not "gloves" and "olives".
_F_ENDINGS = {
    stem: stem + end for end, stems in {"f": "scar shel hal loa lea cal el thie hoo", "fe": "kni wi li"}.items() for stem in stems.split()
}
_JOINERS = {"-", "–", "'", "’", '"', "“", "”"}


@lru_cache(maxsize=50_000)
def fold(word: str) -> str:
    """ "Candles" -> "candle", "Grey" -> "gray", "boxes" -> "box", "dresses" -> "dress"; "glass" stays."""
    word = word.casefold().strip("'’")
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        if word.endswith("ies") and len(word) > 4:
            word = word[:-3] + "y"
        elif word.endswith("ves") and word[:-3] in _F_ENDINGS:
            word = _F_ENDINGS[word[:-3]]
        elif word.endswith(("ches", "shes", "sses", "xes", "zes")):
            word = word[:-2]
        else:
            word = word[:-1]
    return _SPELLINGS.get(word, word)


def folded(doc: Doc, spelt: Callable[[str], str] | None = None) -> tuple[list[str], list[int]]:
    """The folded words of `doc` and, for each, the index of its token. Joining marks are left out, so "t-light" and "t light" are one.
    `spelt` puts a folded word's spelling right."""
    words, positions = [], []
    for token in doc:
        if token.is_space or token.text in _JOINERS or token.text[0] in "'’":  # the last: what is left of a contraction
            continue
        word = fold(token.text)
        words.append(spelt(word) if spelt else word)
        positions.append(token.i)
    return words, positions
