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

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """(n, columns) float32: sublinear tf times idf, words and characters each of a fixed length."""
        rows, columns, values = [], [], []
        for row, text in enumerate(texts):
            counts = Counter(gram for gram in grams(text) if gram in self.vocabulary)
            for kind, scale in _WEIGHTS.items():
                part = [(self.vocabulary[gram], 1 + np.log(count)) for gram, count in counts.items() if gram[0] == kind]
                if not part:
                    continue
                where = np.array([column for column, _ in part])
                weight = np.array([count for _, count in part], np.float32) * self.idf[where]
                rows.append(np.full(len(part), row))
                columns.append(where)
                values.append(scale * weight / np.sqrt((weight * weight).sum()))
        if not rows:
            return csr_matrix((len(texts), len(self.idf)), dtype=np.float32)
        entries = (np.concatenate(values).astype(np.float32), (np.concatenate(rows), np.concatenate(columns)))
        return csr_matrix(entries, shape=(len(texts), len(self.idf)))


def grams(text: str) -> list[str]:
    words = _WORD.findall(text.lower())
    found = [f"w:{word}" for word in words] + [f"w:{a} {b}" for a, b in zip(words, words[1:])]
    for word in words:
        padded = f" {word} "
        found += [f"c:{padded[k : k + n]}" for n in range(2, 6) for k in range(len(padded) - n + 1)]
    return found
