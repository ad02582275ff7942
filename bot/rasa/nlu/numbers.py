"""Numbers as customers write them."""

from __future__ import annotations

from functools import lru_cache

from rapidfuzz.distance import OSA

_UNITS = "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
WORDS = {
    **{word: value for value, word in enumerate(_UNITS.split("|"))},
    **{word: 10 * (k + 2) for k, word in enumerate(_TENS)},
    "hundred": 100,
    **{f"{tens}-{units}": 10 * (k + 2) + n for k, tens in enumerate(_TENS) for n, units in enumerate(_UNITS.split("|")[1:10], start=1)},
    "couple": 2,
    "pair": 2,
    "dozen": 12,
}
ORDINALS = {
    word: value
    for value, names in enumerate(
        (
            ("first", "1st", "top"),
            ("second", "2nd"),
            ("third", "3rd"),
            ("fourth", "4th"),
            ("fifth", "5th"),
            ("sixth", "6th"),
            ("seventh", "7th"),
            ("eighth", "8th"),
            ("ninth", "9th"),
            ("tenth", "10th"),
        ),
        start=1,
    )
    for word in names
} | {"last": -1, "final": -1, "bottom": -1}
# Words of their own, one edit away from a place.
_WORDS = "fist seconds thirds fifty firth sixty seventy eight eighty month teeth tent tents tenths finals finale bottoms"
_NO_ORDINALS = frozenset(_WORDS.split())
NUMBER = r"(?:\d{1,6}|" + "|".join(sorted(WORDS, key=len, reverse=True)) + r")"


@lru_cache(maxsize=4_000)
def ordinal_meant(word: str) -> int | None:
    """ "secnd" -> 2: the place whose long name is one edit away from a word that is none itself; None when there is no such, or several."""
    if word in ORDINALS or word in _NO_ORDINALS:
        return None
    near = {value for name, value in ORDINALS.items() if len(name) >= 5 and OSA.distance(word, name, score_cutoff=1) <= 1}
    return near.pop() if len(near) == 1 else None


def whole(text: str) -> int:
    """ "3" or "three" -> 3."""
    return WORDS.get(text.lower()) if text.lower() in WORDS else int(text)


def minor_units(text: str) -> int | None:
    """ "1,299.5" -> 129950, "twenty" -> 2000; None for what is no amount ("12.345")."""
    text = text.lower().replace(",", "")
    if text in WORDS:
        return WORDS[text] * 100
    pounds, _, pence = text.partition(".")
    if not pounds.isdigit() or len(pence) > 2 or (pence and not pence.isdigit()):
        return None
    return int(pounds) * 100 + int(pence.ljust(2, "0")) if pence else int(pounds) * 100
