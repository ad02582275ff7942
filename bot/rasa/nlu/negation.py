"""Which attributes a customer rules out: "no wool", "anything but red or pink", "I don't like leather"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spacy.tokens import Doc

# Each is the words that end right before the attribute; longer ones first matter not, any match counts.
_NEGATORS = {
    ("no",),
    ("not",),
    ("too",),
    ("n't",),
    ("nt",),
    ("dont",),
    ("non",),
    ("without",),
    ("except",),
    ("excluding",),
    ("hate",),
    ("hates",),
    ("dislike",),
    ("stand",),
    ("bear",),
    ("abide",),
    ("avoid",),
    ("avoiding",),
    ("never",),
    ("nothing",),
    ("anything", "but"),
    ("other", "than"),
    ("apart", "from"),
    ("rather", "than"),
    ("instead", "of"),
    ("allergic", "to"),
    ("fed", "up", "with"),
    ("sick", "of"),
    ("free", "of"),
}
# Words that may stand between the negator and what it rules out.
_CARRIERS = frozenset(
    (
        *(
            "a",
            "an",
            "any",
            "the",
            "in",
            "of",
            "with",
            "from",
            "into",
            "on",
            "too",
            "so",
            "really",
            "very",
            "much",
            "more",
            "anything",
            "something",
        ),
        *("think", "she", "he", "they", "would", "to", "buy", "wish"),
        *("like", "want", "wants", "wanting", "wear", "be", "have", "made", "keen", "fan", "s", "colour", "color", "brand"),
    )
)
_LINKS = {"or", "and", "nor", ",", "/"}
_REACH = 9


def mark_negated(doc: Doc, entities: Sequence[dict[str, Any]]) -> None:
    """Gives role `not` to the attributes in `entities` that are ruled out; a list of them ("wool or silk") shares one negator."""
    words = [token.lower_.replace("’", "'") for token in doc]
    at = {token.idx: token.i for token in doc}
    ends = {token.idx + len(token): token.i for token in doc}
    previous_end, previous_negated = -2, False
    for entity in entities:
        start = at.get(entity["start"])
        if start is None:
            continue
        negated = _negator_before(words, start)
        if not negated and previous_negated and 0 < start - previous_end <= 3:
            between = words[previous_end + 1 : start]
            negated = (
                bool(between) and all(word in _LINKS or word in _CARRIERS for word in between) and any(word in _LINKS for word in between)
            )
            # "no wool, silk or leather" is a list; "not brass, wood" puts one thing in the place of the other.
            negated = negated and (between != [","] or "or" in words[start:] or "and" in words[start:])
        if not negated and start + 1 < len(words) and _free_after(words, ends.get(entity["end"], start)):
            negated = True
        if negated:
            entity["role"] = "not"
        previous_end, previous_negated = ends.get(entity["end"], start), negated


def _negator_before(words: list[str], start: int) -> bool:
    """Whether a negator stands before `start` with nothing but carrying words between."""
    for end in range(start, max(start - _REACH, 0), -1):
        if any(tuple(words[end - len(negator) : end]) == negator for negator in _NEGATORS if end >= len(negator)):
            return not (words[end - 1] == "not" and words[end : end + 1] == ["only"])
        if words[end - 1] not in _CARRIERS:
            return False
    return False


def _free_after(words: list[str], end: int) -> bool:
    """ "leather-free", "wool free", "keep glass away from me"."""
    rest = [word for word in words[end + 1 : end + 3] if word != "-"]
    return bool(rest) and (rest[0] == "free" or (rest[0] == "away" and "keep" in words[:end]))
