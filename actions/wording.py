"""What a message is about, without the words of asking around it."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import OSA

_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?:[-'][^\W_]+)*")
# What is said around the thing that somebody likes or looks for.
_SAID = (
    "a an the my our his her their for from to of is are as i i'm im i'd i'll need want looking look help me find choose buy "
    "get give please pls can could you u what what's whats would should something smth sth anything somebody someone some "
    "nice little small idea ideas any she he they it it's its who like likes love loves enjoy enjoys into fond keen on really "
    "and but gift gifts present presents prezzie prezzies treat surprise wrap about around under over up max tops budget quid "
    "pound pounds with at this that coming no has have everything turn turns turning year years old not too expensive hi "
    "hello hey thanks so do show gimme got else other another more good great best popular new today now there your shop in "
    "suggest suggests suggested suggestion suggestions recommend recommends recommended recommendation recommendations think "
    "know birthday maybe perhaps just us we be"
)
_AROUND = frozenset(_SAID.split())
_LONG = sorted(word for word in _AROUND if len(word) >= 6)


def telling(text: str) -> str:
    """ "im lookng for a presnt, she likes gardening" -> "gardening"."""
    said = _WORD.findall(text.replace("’", "'"))
    return " ".join(word for word in said if not _is_around(word.casefold()))


@lru_cache(maxsize=20_000)
def _is_around(word: str) -> bool:
    """Whether it is one of those words, or one mistyped by a letter that is not the first (cooking is not looking)."""
    if word in _AROUND:
        return True
    return len(word) >= 5 and any(word[0] == other[0] and OSA.distance(word, other, score_cutoff=1) <= 1 for other in _LONG)
