"""What is wrong with a set of training examples: near duplicates in two intents, thin intents, intents written after one pattern."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bot.rasa.nlu.repair import edits

FEWEST = 8  # examples of an intent
SAME_BEGINNING = 0.5  # share of an intent's examples that may begin with the same two words
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_FILLERS = {"please", "pls", "plz", "the", "a", "an"}
_LONG = 6  # letters from which one differing letter is a slip and not another word


def problems(examples: Mapping[str, Sequence[str]], fewest: int = FEWEST) -> Iterator[tuple[str, str]]:
    """(intent, what is wrong with it), for the texts of each intent."""
    for intent, texts in examples.items():
        if len(texts) < fewest:
            yield intent, f"has {len(texts)} examples; {fewest} or more are wanted, said in different ways"
        elif (most := _commonest_beginning(texts)) and most[1] > SAME_BEGINNING * len(texts):
            yield intent, f"is written after one pattern: {most[1]} of {len(texts)} examples begin with {most[0]!r}; vary them"
    for (one, text), (other, twin) in near_duplicates(examples):
        yield one, f"has {text!r}, and intent {other} has {twin!r}: nobody could tell them apart; keep one"


def near_duplicates(examples: Mapping[str, Sequence[str]]) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Pairs of (intent, text) from two intents that are the same but for case, punctuation, fillers or a slip in a long word."""
    seen: dict[tuple[str, ...], tuple[str, str]] = {}
    found = []
    for intent, texts in examples.items():
        for text in texts:
            words = core(text)
            twin = next((seen[key] for key in (words, *_slips(words)) if key in seen and seen[key][0] != intent), None)
            if twin:
                found.append(((intent, text), twin))
            seen.setdefault(words, (intent, text))
    return found


def core(text: str) -> tuple[str, ...]:
    """The words of a text that carry its meaning, in lower case; all of them where only fillers are said."""
    words = tuple(_WORD.findall(text.lower()))
    return tuple(word for word in words if word not in _FILLERS) or words


def _slips(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words with one of the long ones mistyped."""
    if len(words) < 2:
        return
    for place, word in enumerate(words):
        if _LONG <= len(word) <= 12 and word.isascii() and word.isalpha():
            for slip in edits(word):
                if slip.rstrip("s") != word.rstrip("s"):  # "the red one" is not "the red ones"
                    yield (*words[:place], slip, *words[place + 1 :])


def _commonest_beginning(texts: Sequence[str]) -> tuple[str, int] | None:
    beginnings = Counter(" ".join(words[:2]) for text in texts if len(words := _WORD.findall(text.lower())) > 2)
    return beginnings.most_common(1)[0] if beginnings else None
