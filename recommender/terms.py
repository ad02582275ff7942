"""Likeness of words: what shares telling words and pairs of words (tf-idf) with what the customer liked.

Embeddings know that a mug is a cup; these know that "regency" is a range of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from recommender.contract import Query, foremost
from recommender.dataset import Dataset
from recommender.item_to_item import entries, tally, valued
from recommender.query import decay

COLUMNS = ("title", "category", "material", "tags", "brand")
COMMON = 0.2  # words in a larger share of the items tell nothing
HALF_LIFE = 60.0  # days
READ = 20_000  # entries of word lists read for one question, when not all items are scored


def term_vectors(items: pd.DataFrame) -> sp.csr_matrix:
    """(n_items, n_terms) float32 unit rows over words and pairs of words; empty where an item has no telling word."""
    columns = [items[name].fillna("").astype(str) for name in COLUMNS if name in items] or [items["text"].fillna("").astype(str)]
    texts = [" . ".join(parts) for parts in zip(*columns, strict=True)]
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2, max_df=COMMON, token_pattern=r"\w+", ngram_range=(1, 2), dtype=np.float32)
    try:
        return sp.csr_matrix(vectorizer.fit_transform(texts))
    except ValueError:  # no word is in two items and not in most
        return sp.csr_matrix((len(items), 1), dtype=np.float32)


class Terms:
    name = "terms"

    def fit(self, data: Dataset) -> Terms:
        self._terms = term_vectors(data.items)
        self._listed = self._terms.T.tocsr()  # (n_terms, n_items)
        return self

    def score(self, query: Query) -> np.ndarray:
        return np.asarray(self._terms @ self._dense(query), np.float32)

    def score_at(self, query: Query, at: np.ndarray) -> np.ndarray:
        columns, values, owner = entries(self._terms, at)
        shares = values * valued(*self._wish(query), columns)
        return np.bincount(owner, weights=shares, minlength=len(at)).astype(np.float32)

    def score_many(self, queries: Sequence[Query]) -> np.ndarray:
        liked = np.concatenate([query.positions for query in queries])
        ends = np.cumsum([0, *(len(query.positions) for query in queries)])
        entries = (np.concatenate([self._liking(query) for query in queries]), np.arange(len(liked)), ends)
        wishes = sp.csr_matrix(entries, shape=(len(queries), len(liked))) @ self._terms[liked]
        return np.asarray((wishes @ self._listed).toarray(), np.float32)

    def leading(self, query: Query, k: int, allowed: np.ndarray, new: np.ndarray) -> np.ndarray:
        """From the items with the wish's most telling words, as many words as lead to READ items."""
        terms, wish = self._wish(query)
        order = np.argsort(-wish, kind="stable")
        terms, wish = terms[order], wish[order]
        listed = self._listed.indptr[terms + 1] - self._listed.indptr[terms]
        telling = max(1, int(np.searchsorted(np.cumsum(listed), READ)))
        places, values, owner = entries(self._listed, terms[:telling])
        return foremost(*tally(places, values * wish[owner]), k, allowed, new)

    def evidence(self, query: Query, position: int) -> int | None:
        columns, values, owner = entries(self._terms, query.positions)
        theirs = np.zeros(self._terms.shape[1], np.float32)
        words, weights, _ = entries(self._terms, np.array([position]))
        theirs[words] = weights
        shares = self._liking(query) * np.bincount(owner, weights=values * theirs[columns], minlength=len(query.positions))
        return int(query.positions[shares.argmax()]) if len(shares) and shares.max() > 0 else None

    def state(self) -> dict[str, np.ndarray]:
        return {}  # all of it follows from the catalogue

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Terms:
        return self.fit(data)

    def _wish(self, query: Query) -> tuple[np.ndarray, np.ndarray]:
        """Terms, in order, and how much each speaks for an item; worked out once for a query."""
        if self not in query.worked_out:
            columns, values, owner = entries(self._terms, query.positions)
            query.worked_out[self] = tally(columns, values * self._liking(query)[owner])
        return query.worked_out[self]

    def _dense(self, query: Query) -> np.ndarray:
        """(n_terms,) the same, 0 for the others."""
        terms, wish = self._wish(query)
        dense = np.zeros(self._terms.shape[1], np.float32)
        dense[terms] = wish
        return dense

    def _liking(self, query: Query) -> np.ndarray:
        return query.weights * decay(query.ages, HALF_LIFE)
