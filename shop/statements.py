"""What a customer says about a thing they name: loves it, hates it, asks for it, or no longer minds."""

from __future__ import annotations

import re
from enum import Enum


class Stance(Enum):
    """How a message stands to an attribute it names. A REQUEST is about now, a liking or an aversion is about the person."""

    REQUEST = "request"
    REJECTED = "rejected"  # "not the blue one": for this search
    LIKED = "liked"
    AVERSE = "averse"
    NEUTRAL = "neutral"  # takes back what was said: "I don't mind wool any more"


_CLAUSE_ENDS = re.compile(r"[.,;:!?()\n]|\b(?:(?<!anything )(?<!nothing )but|although|because|however)\b|\band (?=i\b|please\b|no\b|not\b)")
_NOT = r"(?:do not|don'?t|does not|doesn'?t|did not|never|cannot|can not|can'?t|won'?t|wouldn'?t)"
_FILLER = r"(?:\s+(?:really|ever|much|even|actually|particularly|also|still))*"
_NEUTRAL = re.compile(rf"\b(?:(?!never){_NOT}{_FILLER}\s+mind|no (?:longer|problem with)|fine with|ok(?:ay)? with)\b")
_NEUTRAL_AFTER = re.compile(r"^\W*(?:is|are|would be)\s+(?:fine|ok|okay|alright|all right)\b")
_AVERSE = re.compile(
    rf"\b(?:{_NOT}{_FILLER}\s+(?:like|love|want|wear|use|stand|bear|eat|care for)"
    r"|hate|hates|dislike|detest|loathe|avoid|allergic to|allergy to|allergic|sensitive to"
    r"|not\s+(?:a\s+)?(?:big\s+|great\s+)?(?:fan of|into|keen on|fond of))\b"
)
_AVERSE_AT_ONCE = re.compile(r"\b(?:no|without|anything but|never)(?:\s+(?:any|more|other|the|a))?(?:\s+[\w-]+)?\s*$")
_ONES = re.compile(r"^\s+ones?\b")
_REJECTED = re.compile(r"\b(?:not|isn'?t|except|other than|apart from|instead of|rather than)(?:\s+[\w-]+){0,2}\s*$")
_LIKED = re.compile(
    rf"\bi{_FILLER}(?:\s+(?:do|only|always))?\s+(?:like|love|adore|prefer)\b|\b(?:love|adore|prefer)\b|\bfavou?rite\b"
    r"|\bi'?m\b.*\b(?:fan of|into|keen on|fond of)\b|\bi (?:only|always)\s+(?:wear|buy|use)\b|\bcrazy about\b|\bobsessed with\b"
)
_LIKED_AFTER = re.compile(r"^\W*(?:is|are)\s+(?:my|our)\s+favou?rites?\b")
_WISH = re.compile(r"\b(?:would|'d)\s+(?:really\s+)?(?:like|love|prefer)\b|\byou\s+(?:like|love|prefer)\b")


def stance(text: str, start: int, end: int) -> Stance:
    """How the text stands to its characters `start` to `end`, judged by the clause they are in."""
    plain = text.lower().replace("’", "'")
    if len(plain) != len(text):  # lower-casing moved the characters: nothing can be said about positions
        return Stance.REQUEST
    before = _CLAUSE_ENDS.split(plain[:start])[-1]
    after = plain[end : end + 40]
    if _NEUTRAL.search(before) or _NEUTRAL_AFTER.search(after):
        return Stance.NEUTRAL
    of_these = _ONES.search(after) is not None  # "no blue ones" speaks of what is shown, "no wool" of all there is
    if _AVERSE.search(before) or _AVERSE_AT_ONCE.search(before):
        return Stance.REJECTED if of_these else Stance.AVERSE
    if _REJECTED.search(before):
        return Stance.REJECTED
    if _LIKED_AFTER.search(after) or (_LIKED.search(before) and not _WISH.search(before)):
        return Stance.REQUEST if of_these else Stance.LIKED
    return Stance.REQUEST
