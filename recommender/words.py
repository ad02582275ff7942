"""How texts are compared: case, accents, plural endings and a few spellings folded away."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
# One spelling for words that mean the same in a shop.
_SAME = {
    "gray": "grey", "color": "colour", "woolen": "wool", "woollen": "wool", "wooden": "wood", "golden": "gold", "silvery": "silver",
    "multicolor": "multicolour", "multicolored": "multicolour", "multicoloured": "multicolour", "jewelry": "jewellery",
    "small": "s", "medium": "m", "large": "l", "ceramics": "ceramic", "aluminum": "aluminium", "tealight": "t-light",
}  # fmt: skip
_EXTRA = {"extra small": "xs", "extra large": "xl", "x small": "xs", "x large": "xl", "x s": "xs", "x l": "xl", "t light": "tlight"}
_SAME = {word: same.replace("-", "") for word, same in _SAME.items()}


@lru_cache(maxsize=65_536)
def words(text: str) -> tuple[str, ...]:
    """The folded words of a text, in order: "Extra-Large Grey Candles" -> ("xl", "grey", "candle")."""
    plain = text.casefold()
    if not plain.isascii():  # most texts are, and letter by letter takes its time
        plain = unicodedata.normalize("NFKD", text).casefold().replace("\u2019", "'")
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    found = [_singular(word.split("'")[0]) for word in _WORD.findall(plain)]
    joined: list[str] = []
    for word in found:
        pair = f"{joined[-1]} {word}" if joined else ""
        if pair in _EXTRA:
            joined[-1] = _EXTRA[pair]
        else:
            joined.append(word)
    return tuple(_SAME.get(word, word) for word in joined)


# Plurals that are more than an ending, at the end of a word (bookshelves, headscarves).
_PLURALS = {
    "scarves": "scarf", "knives": "knife", "shelves": "shelf", "leaves": "leaf", "loaves": "loaf", "wolves": "wolf", "halves": "half",
    "calves": "calf", "hooves": "hoof", "elves": "elf", "wives": "wife", "thieves": "thief", "tomatoes": "tomato", "potatoes": "potato",
    "mice": "mouse", "geese": "goose", "children": "child", "women": "woman", "men": "man",
}  # fmt: skip


@lru_cache(maxsize=65_536)
def _singular(word: str) -> str:
    """Cuts plural endings; wrong singulars do no harm where both sides are cut alike."""
    for plural, singular in _PLURALS.items():
        if word.endswith(plural) and (word == plural or len(plural) > 4):
            return word[: -len(plural)] + singular
    if len(word) <= 3 or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def has_all(inside: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether every wanted word is among the words. Nothing wanted is nothing found."""
    return bool(wanted) and set(wanted) <= set(inside)
