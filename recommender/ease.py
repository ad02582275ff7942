"""EASE: linear item-to-item weights in closed form (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019)."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

from recommender.dataset import Dataset
from recommender.item_to_item import strongest

L2 = 200.0  # ridge strength, in users; larger trusts rare pairs less
MAX_ITEMS = 8_000  # the inverse costs items^3 time and items^2 memory; rarer items are left to the other scorers
KEEP = 400  # weights kept for each item


def ease(data: Dataset, l2: float = L2, max_items: int = MAX_ITEMS, keep: int = KEEP) -> sp.csr_matrix:
    """W (n_items, n_items) with zero diagonal, minimising |X - XW|^2 + l2 |W|^2. Items beyond the `max_items` best supported get
    no weights."""
    size = len(data.items)
    chosen = np.sort(np.argsort(-data.support, kind="stable")[:max_items])
    chosen = chosen[data.support[chosen] > 0]
    if not len(chosen):
        return sp.csr_matrix((size, size), dtype=np.float32)
    users = data.matrix[:, chosen]
    gram = (users.T @ users).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += l2
    inverse = _inverse(gram)
    weights = inverse / -np.diag(inverse)
    weights[np.diag_indices_from(weights)] = 0.0
    kept = strongest(weights, keep).tocoo()
    return sp.csr_matrix((kept.data, (chosen[kept.row], chosen[kept.col])), shape=(size, size), dtype=np.float32)


def _inverse(symmetric: np.ndarray) -> np.ndarray:
    """Of a positive definite matrix, by Cholesky: half the work of a general inverse."""
    factor, failed = lapack.spotrf(symmetric, lower=True)
    if failed:
        return np.linalg.inv(symmetric.astype(np.float64)).astype(np.float32)
    inverse, _ = lapack.spotri(factor, lower=True)
    lower = np.tril(inverse)
    return lower + np.tril(inverse, -1).T
