"""Likeness of words: what shares telling words and pairs of words (tf-idf) with what the customer liked.

Embeddings know that a mug is a cup; these know that "regency" is a range of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from recommender.contract import Query
from recommender.dataset import Dataset
from recommender.query import decay

COLUMNS = ("title", "category", "material", "tags", "brand")
COMMON = 0.2  # words in a larger share of the items tell nothing
HALF_LIFE = 60.0  # days


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
        return self

    def score(self, query: Query) -> np.ndarray:
        if not len(query.positions):
            return np.zeros(self._terms.shape[0], np.float32)
        wish = self._liking(query) @ self._terms[query.positions]
        return np.asarray(self._terms @ wish, np.float32)

    def evidence(self, query: Query, position: int) -> int | None:
        shares = self._liking(query) * (self._terms[query.positions] @ self._terms[position].T).toarray().ravel()
        return int(query.positions[shares.argmax()]) if len(shares) and shares.max() > 0 else None

    def state(self) -> dict[str, np.ndarray]:
        return {}  # all of it follows from the catalogue

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Terms:
        return self.fit(data)

    def _liking(self, query: Query) -> np.ndarray:
        return query.weights * decay(query.ages, HALF_LIFE)
