"""Item-kNN: cosine between the items' columns of users, weighted by BM25 so that a customer who buys everything says little."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from recommender.dataset import Dataset

NEIGHBOURS = 100  # kept for each item
K1 = 100.0  # saturation of a repeated event
B = 0.5  # how much a customer's number of items counts against them, 0 to 1


def item_knn(data: Dataset, neighbours: int = NEIGHBOURS, k1: float = K1, b: float = B) -> sp.csr_matrix:
    """(n_items, n_items) similarities in [0, 1], zero diagonal, the `neighbours` largest a row."""
    weighted = bm25(data.matrix, k1, b)
    norm = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel())
    scaled = weighted @ sp.diags(1 / np.maximum(norm, 1e-9))
    return largest(sp.csr_matrix(scaled.T @ scaled), neighbours)


def bm25(matrix: sp.csr_matrix, k1: float, b: float) -> sp.csr_matrix:
    """Users as documents' terms: idf falls with the number of items a user has, tf saturates with `k1` and item length `b`
    (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009)."""
    users, _ = matrix.shape
    per_user = np.diff(matrix.indptr)
    per_item = np.asarray(matrix.sum(axis=0)).ravel()
    idf = np.log(1 + matrix.shape[1] / (1.0 + per_user))
    length = (1 - b) + b * per_item / max(per_item.sum() / max(len(per_item), 1), 1e-9)
    rows = np.repeat(np.arange(users), per_user)
    value = matrix.data * (k1 + 1) / (k1 * length[matrix.indices] + matrix.data) * idf[rows]
    return sp.csr_matrix((value.astype(np.float32), matrix.indices, matrix.indptr), shape=matrix.shape)


def largest(similarity: sp.csr_matrix, keep: int) -> sp.csr_matrix:
    """Each row's `keep` largest positive entries off the diagonal."""
    rows, columns, values = [], [], []
    for row in range(similarity.shape[0]):
        start, end = similarity.indptr[row : row + 2]
        column, value = similarity.indices[start:end], similarity.data[start:end]
        good = (column != row) & (value > 0)
        column, value = column[good], value[good]
        if len(value) > keep:
            best = np.argpartition(-value, keep)[:keep]
            column, value = column[best], value[best]
        rows.append(np.full(len(column), row))
        columns.append(column)
        values.append(value)
    if not rows:
        return sp.csr_matrix(similarity.shape, dtype=np.float32)
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sp.csr_matrix(entries, shape=similarity.shape, dtype=np.float32)
