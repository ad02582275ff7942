"""Product search by words, spelling and meaning at once, fused by rank (Cormack, Clarke and Büttcher, SIGIR 2009)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from recommender.words import words

K1, B = 1.2, 0.6  # BM25's saturation and length normalisation
FIELDS = {"title": 3.0, "brand": 2.0, "category": 2.0, "colour": 1.5, "material": 1.5, "size": 1.0, "tags": 1.0, "description": 1.0}
RANK_CONSTANT = 60.0
DEPTH = 200  # ranks that count
VOTES = {"title": 1.5, "words": 1.0, "meaning": 1.0, "spelling": 0.6}
CLOSE = 0.35  # cosine from which a text's meaning alone is a match
SPELT = 0.3  # cosine of character n-grams from which a misspelt title is a match
# What customers wrap their wish in. Prices and the like arrive as constraints.
FILLER = frozenset(
    words(
        "a an the and or for of in on to with my me i im id ive you your we it its is are be some any this that these those there do does "
        "did can could would will like want wanted need looking look search searching find get show see give buy have got please thanks hi "
        "hello hey something anything thing product products item items under over below above less more than about around cheaper cheap "
        "pound pounds quid dollar dollars euro euros price priced not no without at from by one ones what which who recommend suggest"
    )
)


@dataclass(frozen=True, eq=False)
class Match:
    """How well each item matches a text, in four ways, (n_items,) each: `title` share of the text's words (by idf) in the title, `words`
    BM25, `meaning` and `spelling` cosines; `exact`: the title is the text."""

    title: np.ndarray
    words: np.ndarray
    meaning: np.ndarray
    spelling: np.ndarray
    exact: np.ndarray

    def votes(self, allowed: np.ndarray) -> dict[str, np.ndarray]:
        """The ways' shares of the score, (n_items,) each, among the allowed items; an item that nothing matched has 0 in all."""
        return {
            # One whole vote is more than all ranks together: what was named comes first.
            "title": VOTES["title"] * _by_rank(self.title, 0.0, allowed) * self.title + (self.exact & allowed),
            "words": VOTES["words"] * _by_rank(self.words, 0.0, allowed),
            "meaning": VOTES["meaning"] * _by_rank(self.meaning, CLOSE, allowed),
            "spelling": VOTES["spelling"] * _by_rank(self.spelling, SPELT, allowed),
        }


class SearchIndex:
    """Built from the catalogue's texts in memory; rebuilt when they change. Answers in a few milliseconds for 5,000 items."""

    def __init__(self, items: pd.DataFrame, vectors: np.ndarray) -> None:
        self.size, self.vectors = len(items), vectors
        self._titles = [words(title) for title in items["title"]]
        self.titles = [" ".join(title) for title in self._titles]
        self._vocabulary: dict[str, int] = {}
        counts = [self._counts(items[name].fillna("").astype(str), weight) for name, weight in FIELDS.items() if name in items]
        width = len(self._vocabulary)
        matrix = sum((_matrix(rows, (self.size, width)) for rows in counts), sp.csr_matrix((self.size, width), dtype=np.float32))
        self._bm25, self._idf = _bm25(sp.csr_matrix(matrix))
        self._in_title = sp.csr_matrix(
            _matrix(self._counts(items["title"].astype(str), 1.0), (self.size, width)) > 0, dtype=np.float32
        ).tocsc()
        texts = [" ".join(title) + " " + " ".join(words(str(brand))) for title, brand in zip(self._titles, items["brand"], strict=True)]
        self._spelling = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, dtype=np.float32)
        self._letters = self._spelling.fit_transform(texts).tocsc().T if any(text.strip() for text in texts) else None

    def match(self, text: str, vector: np.ndarray) -> Match:
        """How well each item matches the text, whose embedding is `vector` (dim,)."""
        sought = [word for word in words(text) if word not in FILLER] or list(words(text))
        known = [self._vocabulary[word] for word in sought if word in self._vocabulary]
        by_word, in_title = np.zeros(self.size, np.float32), np.zeros(self.size, np.float32)
        if known:
            by_word = np.asarray(self._bm25[:, known].sum(axis=1)).ravel()
            told = np.asarray(self._in_title[:, known] @ self._idf[known]).ravel()
            in_title = told / (self._idf[known].sum() + (len(sought) - len(known)) * self._idf.max(initial=1.0))
        by_letter = self._by_letter(" ".join(sought))
        meaning = self.vectors @ vector if len(sought) else np.zeros(self.size, np.float32)
        if not known and by_letter.max(initial=0.0) < SPELT and len(sought) < 2:
            meaning = np.zeros(self.size, np.float32)  # one unknown word: its embedding is noise
        exact = np.array([bool(sought) and set(title) == set(sought) for title in self._titles], bool)
        return Match(in_title, by_word, meaning, by_letter, exact)

    def _by_letter(self, text: str) -> np.ndarray:
        if self._letters is None or not text:
            return np.zeros(self.size, np.float32)
        return np.asarray((self._spelling.transform([text]) @ self._letters).toarray(), np.float32)[0]

    def _counts(self, texts: pd.Series, weight: float) -> list[tuple[int, int, float]]:
        return [
            (row, self._vocabulary.setdefault(word, len(self._vocabulary)), weight)
            for row, text in enumerate(texts)
            for word in words(text)
        ]


def _matrix(entries: list[tuple[int, int, float]], shape: tuple[int, int]) -> sp.csr_matrix:
    if not entries:
        return sp.csr_matrix(shape, dtype=np.float32)
    rows, columns, weights = zip(*entries, strict=True)
    return sp.csr_matrix((weights, (rows, columns)), shape=shape, dtype=np.float32)


def _bm25(counts: sp.csr_matrix) -> tuple[sp.csc_matrix, np.ndarray]:
    """Weighted term counts -> BM25 weights (n_items, n_words), and idf (n_words,). Fields are weighted before saturation (BM25F)."""
    size, width = counts.shape
    frequency = np.bincount(counts.indices, minlength=width)
    idf = np.log(1 + (size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
    length = np.asarray(counts.sum(axis=1)).ravel()
    norm = K1 * (1 - B + B * length / max(length.mean() if size else 0.0, 1e-9))
    tf = counts.data
    weights = tf * (K1 + 1) / (tf + np.repeat(norm, np.diff(counts.indptr))) * idf[counts.indices]
    return sp.csr_matrix((weights.astype(np.float32), counts.indices, counts.indptr), shape=counts.shape).tocsc(), idf


def _by_rank(values: np.ndarray, least: float, allowed: np.ndarray) -> np.ndarray:
    """1 / (60 + rank) for the allowed items above `least`, ranked by value (equals share a rank); 0 for the others."""
    votes = np.zeros(len(values), np.float32)
    above = np.flatnonzero((values > least) & allowed)
    if len(above) > DEPTH:
        above = above[np.argpartition(-values[above], DEPTH)[:DEPTH]]
    if len(above):
        falling = np.sort(-np.round(values[above], 5))
        votes[above] = 1 / (RANK_CONSTANT + 1 + np.searchsorted(falling, -np.round(values[above], 5)))
    return votes
