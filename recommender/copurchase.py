"""What is bought together more often than chance would have it: the ground for complements."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from recommender.dataset import Dataset
from recommender.itemknn import largest

SHRINK = 100.0  # baskets' worth of doubt: a pair seen twice is not yet a habit; the more, the more what is often bought together leads
LEAST = 2  # baskets a pair must be in
NEIGHBOURS = 100


def lift(data: Dataset, shrink: float = SHRINK, least: int = LEAST, neighbours: int = NEIGHBOURS) -> sp.csr_matrix:
    """(n_items, n_items) shrunk log lift, log((together + shrink) / (expected + shrink)), where that is above 0.

    `expected` is the number of baskets two independent items would share.
    """
    baskets = data.basket_matrix
    together = sp.coo_matrix(baskets.T @ baskets)
    count = np.asarray(baskets.sum(axis=0)).ravel()
    expected = count[together.row] * count[together.col] / max(baskets.shape[0], 1)
    value = np.log((together.data + shrink) / (expected + shrink))
    value[(together.data < least) | (value < 0)] = 0.0
    return largest(sp.csr_matrix((value, (together.row, together.col)), shape=together.shape), neighbours)
