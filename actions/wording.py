"""Words that several topics go by, and what a message is about without the words of asking around it."""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import OSA

from recommender.fillers import WRITTEN
from shop import catalogue

OUTERMOST = r"\b(?:(?P<cheapest>cheapest|least expensive|lowest[- ]priced)|dearest|most expensive|priciest|poshest)\b"
_WORD = re.compile(r"(?<![\w'])[^\W\d_]+(?:-[^\W_]+|'(?!s\b)[^\W_]+)*")
# What else is said around the thing that somebody likes or looks for.
_SAID = (
    "our his her their as i'm i'd i'll help choose pls u what's whats should smth sth somebody someone nice little small idea "
    "ideas she he they it's likes love loves enjoy enjoys into fond keen really but gift gifts present presents prezzie prezzies "
    "treat surprise wrap up max tops budget coming has everything turn turns turning year years old too expensive so gimme most "
    "selling seller sellers bestseller bestsellers bestselling trending hot else other another good great best popular new today "
    "now shop suggests suggested suggestion suggestions recommends recommended recommendation recommendations think know birthday "
    "maybe perhaps just us nah nope yeah yep hello hi hey hiya morning afternoon evening in"
)
_AROUND = WRITTEN | set(_SAID.split())
_LONG = sorted(word for word in _AROUND if len(word) >= 6)


TELLING_WORDS = 5  # a complaint of fewer words says that there is one, not what it is


def tells(text: str) -> bool:
    """Whether a complaint says what is wrong: "I want to complain" does not."""
    return len(text.split()) >= TELLING_WORDS and "want to" not in text.casefold()


def telling(text: str) -> str:
    """ "im lookng for a presnt, she likes gardening" -> "gardening"."""
    said = _WORD.findall(text.replace("’", "'"))
    return " ".join(word for word in said if not _is_around(word.casefold()))


def a_thing(query: str) -> bool:
    """Whether a search names a thing and nothing else: "got any sofas", not "something waterproof"."""
    said = telling(query).split()
    return len(said) == 1 and catalogue.singular(said[0].casefold()) != said[0].casefold()


@lru_cache(maxsize=20_000)
def _is_around(word: str) -> bool:
    """Whether it is one of those words, or one mistyped by a letter that is not the first (cooking is not looking)."""
    if word in _AROUND:
        return True
    return len(word) >= 5 and any(word[0] == other[0] and OSA.distance(word, other, score_cutoff=1) <= 1 for other in _LONG)
