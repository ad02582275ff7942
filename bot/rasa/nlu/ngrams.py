"""Word (1-2) and character (2-5, within words) n-grams, weighted by tf-idf; kept as a JSON vocabulary and an array."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

_WEIGHTS = {"w": 0.7, "c": 1.0}  # words weigh less than characters and the encoder: found by cross-validation on customer messages
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class NGrams:
    """`vocabulary` maps an n-gram (words as "w:add to", characters as "c: ad") to its column; `idf` (columns,) float32."""

    vocabulary: dict[str, int]
    idf: np.ndarray

    @classmethod
    def learn(cls, texts: Sequence[str]) -> NGrams:
        """From training texts; a character n-gram must occur in two of them, and idf = ln((1 + n) / (1 + df)) + 1."""
        seen = Counter(gram for text in texts for gram in set(grams(text)))
        kept = sorted(gram for gram, count in seen.items() if count > 1 or gram[0] == "w")
        frequency = np.array([seen[gram] for gram in kept], np.float64)
        return cls({gram: column for column, gram in enumerate(kept)}, (np.log((1 + len(texts)) / (1 + frequency)) + 1).astype(np.float32))

    def row(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """(k,) columns and (k,) float32 weights of a text: sublinear tf times idf, words and characters each of a fixed length."""
        counts = Counter(gram for gram in grams(text) if gram in self.vocabulary)
        columns, weights = [np.zeros(0, np.intp)], [np.zeros(0, np.float32)]
        for kind, scale in _WEIGHTS.items():
            part = [(self.vocabulary[gram], count) for gram, count in counts.items() if gram[0] == kind]
            if part:
                where, often = np.array(part).T
                weight = (1 + np.log(often)) * self.idf[where]
                columns.append(where)
                weights.append((scale * weight / np.sqrt((weight * weight).sum())).astype(np.float32))
        return np.concatenate(columns), np.concatenate(weights)

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """(n, columns) float32, one `row` a text."""
        rows = [self.row(text) for text in texts]
        starts = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        columns, weights = (np.concatenate(part) for part in zip(*rows, strict=True))
        return csr_matrix((weights, columns, starts), shape=(len(texts), len(self.idf)))


def grams(text: str) -> list[str]:
    words = _WORD.findall(text.lower())
    found = [f"w:{word}" for word in words] + [f"w:{a} {b}" for a, b in zip(words, words[1:], strict=False)]
    for word in words:
        padded = f" {word} "
        found += [f"c:{padded[k : k + n]}" for n in range(2, 6) for k in range(len(padded) - n + 1)]
    return found
