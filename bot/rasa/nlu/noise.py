"""Typing errors, made on purpose: a classifier that has seen some reads others better."""

from __future__ import annotations

import random
import re

_NEIGHBOURS = {
    here: near
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for here, near in zip(row, [row[max(k - 1, 0) : k] + row[k + 1 : k + 2] for k in range(len(row))], strict=True)
}


def with_typos(text: str, rng: random.Random, rate: float = 0.35) -> str:
    """The text with about `rate` of its words of four letters and more (at least one) mistyped once: a letter swapped, dropped, doubled or
    replaced by its neighbour on the keyboard."""
    words = [match.span() for match in re.finditer(r"[^\W\d_]{4,}", text)]
    if not words:
        return text
    hit = [span for span in words if rng.random() < rate] or [rng.choice(words)]
    for start, end in reversed(hit):
        text = text[:start] + _mistyped(text[start:end], rng) + text[end:]
    return text


def _mistyped(word: str, rng: random.Random) -> str:
    k = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return word[:k] + word[k + 1] + word[k] + word[k + 2 :]
    if kind == 1:
        return word[:k] + word[k + 1 :]
    if kind == 2:
        return word[:k] + word[k] + word[k:]
    return word[:k] + rng.choice(_NEIGHBOURS.get(word[k].lower(), word[k])) + word[k + 1 :]
