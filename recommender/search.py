"""Product search by words, spelling and meaning at once, fused by rank (Cormack, Clarke and Büttcher, SIGIR 2009)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from recommender.fillers import FILLER
from recommender.spelling import Speller
from recommender.words import words

K1, B = 1.2, 0.6  # BM25's saturation and length normalisation
FIELDS = {"title": 3.0, "brand": 2.0, "category": 2.0, "colour": 1.5, "material": 1.5, "size": 1.0, "tags": 1.0, "description": 1.0}
RANK_CONSTANT = 60.0
DEPTH = 200  # ranks that count
VOTES = {"title": 1.5, "words": 1.0, "meaning": 2.0, "spelling": 0.6}
COVERED = 0.6  # of the best item's share of the text's words (by idf): what an item must have for its words to be a match
CLOSE = 0.28  # cosine from which a text's meaning alone is a match,
SURE = 0.38  # and from which it is where no word of the text is one
NEAR = 0.75  # of the best item's cosine; what is below means something else
SPELT = 0.4  # cosine of character n-grams from which a misspelt title is a match
NAMED = 0.8  # share of the text's words in title, category and so on from which an item is what was asked for
TAIL = 0.25  # of the best item's score; what is below is no answer to the question
_SUM = r"\d+(?:[.,]\d+)?"
_BOUND = r"(?:under|below|over|above|around|about|less than|more than|cheaper than|up to|at most|between)"
_CURRENCY = r"(?:pounds?|quid|euros?|dollars?|pence)\b"
_RANGE = rf"{_SUM}(?:\s*(?:and|to|-)\s*[£$€]?\s?{_SUM})?"
PRICE = re.compile(rf"(?:\b{_BOUND}\s+)?[£$€]\s?{_RANGE}|\b{_BOUND}\s+{_RANGE}(?:\s*{_CURRENCY})?|\b{_RANGE}\s*{_CURRENCY}", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Match:
    """How well each item matches a text, (n_items,) each: `title` and `covered` the share of the text's words (by idf) in the title and
    anywhere, `words` BM25, `meaning` and `spelling` cosines; `exact`: the title is the text. `close`: from which cosine on
    the meaning alone is a match."""

    title: np.ndarray
    covered: np.ndarray
    words: np.ndarray
    meaning: np.ndarray
    spelling: np.ndarray
    exact: np.ndarray
    close: float

    @property
    def named(self) -> np.ndarray:
        """Mask of the items that are what was asked for, rather than something near it."""
        return self.exact | (self.title >= NAMED)

    def votes(self, allowed: np.ndarray) -> dict[str, np.ndarray]:
        """Each way's share of the score among the allowed items; items that nothing matched, and the tail, have 0 in all."""
        enough = COVERED * self.covered.max(initial=0.0, where=allowed)
        close = max(self.close, NEAR * self.meaning.max(initial=0.0, where=allowed))
        votes = {
            "title": VOTES["title"] * _by_rank(self.title, 0.0, allowed) * self.title,
            "words": VOTES["words"] * _by_rank(np.where(self.covered >= enough, self.words, 0.0), 0.0, allowed),
            "meaning": VOTES["meaning"] * _by_rank(self.meaning, close, allowed) * _share(self.meaning, allowed),
            "spelling": VOTES["spelling"] * _by_rank(self.spelling, SPELT, allowed),
        }
        total = sum(votes.values())
        answering = (total >= TAIL * total.max(initial=0.0)) & (total > votes["title"])  # a word in the title alone is no match
        if (self.named & allowed).any():  # somebody who asks for mugs is not shown teapots, near as they are
            answering &= self.named | (votes["words"] > 0) | (votes["spelling"] > 0)
        votes = {name: np.where(answering, vote, 0.0).astype(np.float32) for name, vote in votes.items()}
        votes["title"] += self.exact & allowed  # more than all ranks together: what was named comes first
        return votes


class SearchIndex:
    """Built from the catalogue's texts in memory; rebuilt when they change. Answers in a few milliseconds for 5,000 items."""

    def __init__(self, items: pd.DataFrame, vectors: np.ndarray, is_word: Callable[[str], bool] = lambda word: False) -> None:
        self.size, self.vectors = len(items), vectors
        titles = [words(title) for title in items["title"]]
        self.titles = [" ".join(title) for title in titles]
        self._titled: dict[frozenset[str], list[int]] = {}
        for row, title in enumerate(titles):
            self._titled.setdefault(frozenset(title), []).append(row)
        self._vocabulary: dict[str, int] = {}
        places = {name: self._places(items[name].fillna("").astype(str)) for name in FIELDS if name in items}
        shape = (self.size, len(self._vocabulary))
        fields = {
            name: sp.csr_matrix((np.full(len(rows), FIELDS[name], np.float32), (rows, columns)), shape)
            for name, (rows, columns) in places.items()
        }
        self._bm25, self._idf = _bm25(sum(fields.values(), sp.csr_matrix(shape, dtype=np.float32)))
        # What an item is: description and tags also say what it is for and goes with.
        naming = sum((field for name, field in fields.items() if name not in ("description", "tags")), sp.csr_matrix(shape))
        self._is = sp.csc_matrix(naming > 0, dtype=np.float32)
        frequency = Counter(word for title in titles for word in title)
        self.speller = Speller([word for word, _ in frequency.most_common()] + list(self._vocabulary), is_word)
        texts = [f"{title} {' '.join(words(str(brand)))}" for title, brand in zip(self.titles, items["brand"], strict=True)]
        self._spelling = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, dtype=np.float32)
        self._letters = self._spelling.fit_transform(texts).T.tocsr() if any(text.strip() for text in texts) else None

    def match(self, text: str, encode: Callable[[str], np.ndarray]) -> Match:
        """How well each item matches the text. `encode` gives a text's embedding, (dim,)."""
        said = [word for word in words(PRICE.sub(" ", text)) if word not in FILLER] or list(words(text))
        typed = list(dict.fromkeys(said))
        sought = self.speller.corrected(typed)
        known = [self._vocabulary[word] for word in sought if word in self._vocabulary]
        told = self._idf[known].sum() + (len(sought) - len(known)) * self._idf.max(initial=1.0)
        by_word = np.asarray(self._bm25[:, known].sum(axis=1)).ravel()
        covered = np.asarray((self._bm25[:, known] > 0) @ self._idf[known]).ravel() / max(told, 1e-9)
        named = np.asarray(self._is[:, known] @ self._idf[known]).ravel() / max(told, 1e-9)
        # The encoder reads slips of the keys badly, so it is given what they were put right to. It reads nonsense, too: without a
        # word that is one, the likeness has to be strong.
        real = any(self.speller.is_real(word) for word in sought)
        meaning = self.vectors @ encode(text if real and sought == typed else " ".join(sought))
        close = CLOSE if real else SURE
        exact = np.zeros(self.size, bool)
        exact[self._titled.get(frozenset(sought), []) if sought else []] = True
        return Match(named, covered, by_word, meaning, self._by_letter(" ".join(typed)), exact, close)

    def _by_letter(self, text: str) -> np.ndarray:
        if self._letters is None or not text:
            return np.zeros(self.size, np.float32)
        return (self._spelling.transform([text]) @ self._letters).toarray()[0]

    def _places(self, texts: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Item and word of each word of each text; new words enter the vocabulary."""
        split, known = [words(text) for text in texts], self._vocabulary
        rows = np.repeat(np.arange(len(split)), [len(one) for one in split])
        return rows, np.fromiter((known.setdefault(word, len(known)) for one in split for word in one), np.int64, len(rows))


def _bm25(counts: sp.csr_matrix) -> tuple[sp.csc_matrix, np.ndarray]:
    """Weighted term counts -> BM25 weights (n_items, n_words), and idf (n_words,). Fields are weighted before saturation (BM25F)."""
    size, width = counts.shape
    frequency = np.bincount(counts.indices, minlength=width)
    idf = np.log(1 + (size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
    length = np.asarray(counts.sum(axis=1)).ravel()
    norm = K1 * (1 - B + B * length / max(length.mean() if size else 0.0, 1e-9))
    weights = counts.data * (K1 + 1) / (counts.data + np.repeat(norm, np.diff(counts.indptr))) * idf[counts.indices]
    return sp.csr_matrix((weights.astype(np.float32), counts.indices, counts.indptr), shape=counts.shape).tocsc(), idf


def _share(values: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Of the best allowed value."""
    return values / max(values.max(initial=0.0, where=allowed), 1e-9)


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
