"""Peers that know customers and items by factors: ALS, BPR and LightFM, and their ways to an item or a customer that is new.

A customer whom the model was fitted on has factors of their own; another's are found from their history. An item that nobody had is
placed by its text: by a ridge regression of the factors on the texts (ALS), by the factors of its words (LightFM).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from lightfm import LightFM

from recommender.dataset import Dataset
from recommender.pool import Case
from recommender.terms import term_vectors

Score = Callable[[list[Case]], np.ndarray]
EPOCHS = 30
TEXT_RIDGE = 10.0  # of ALS' map from texts to factors


def binary(data: Dataset) -> sp.csr_matrix:
    """(users, items) of ones."""
    matrix = data.matrix.copy()
    matrix.data[:] = 1.0
    return matrix


def customers(data: Dataset) -> np.ndarray:
    """(items,) how many customers had each."""
    return np.bincount(data.matrix.indices, minlength=len(data.items))


def histories(cases: list[Case], size: int) -> sp.csr_matrix:
    """(cases, items) of ones."""
    lengths = [len(case.query.positions) for case in cases]
    columns = np.concatenate([np.zeros(0, np.int64), *(case.query.positions for case in cases)])
    rows = np.repeat(np.arange(len(cases)), lengths)
    return sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(cases), size))


def als(data: Dataset, factors: int, regularization: float, alpha: float, texts: bool = False) -> Score:
    """Hu, Koren and Volinsky, ICDM 2008. `texts`: items that nobody had get the factors that their texts foretell."""
    model = AlternatingLeastSquares(
        factors=factors, regularization=regularization, alpha=alpha, iterations=15, random_state=0, num_threads=1
    )
    model.fit(binary(data), show_progress=False)
    items = model.item_factors.copy()
    if texts:
        known = data.support > 0
        vectors = _texts(data)
        gram = vectors[known].T @ vectors[known] + TEXT_RIDGE * np.eye(vectors.shape[1], dtype=np.float32)
        items[~known] = vectors[~known] @ np.linalg.solve(gram, vectors[known].T @ items[known])

    def score(cases: list[Case]) -> np.ndarray:
        return model.recalculate_user(np.arange(len(cases)), histories(cases, len(items))) @ items.T

    return score


def bpr(data: Dataset, factors: int, regularization: float) -> Score:
    """Rendle et al., UAI 2009."""
    model = BayesianPersonalizedRanking(factors=factors, regularization=regularization, iterations=100, random_state=0, num_threads=1)
    model.fit(binary(data), show_progress=False)
    return _by_factors(data, model.user_factors, model.item_factors)


def light_fm(data: Dataset, components: int, alpha: float, text: bool = True, identity: bool = True) -> Score:
    """Kula 2015, with the WARP loss. `text`: an item is the sum of its words; `identity`: and of something of its own."""
    parts = ([sp.identity(len(data.items), dtype=np.float32)] if identity else []) + ([term_vectors(data.items)] if text else [])
    features = sp.hstack(parts).tocsr()
    model = LightFM(no_components=components, loss="warp", item_alpha=alpha, learning_rate=0.05, random_state=0)
    model.fit(binary(data), item_features=features, epochs=EPOCHS, num_threads=1)
    bias, items = model.get_item_representations(features)
    user_bias, users = model.get_user_representations()
    ones = np.ones((len(items), 1), np.float32)
    return _by_factors(data, np.hstack([users, np.ones((len(users), 1), np.float32)]), np.hstack([items, bias[:, None] * ones]))


def _by_factors(data: Dataset, users: np.ndarray, items: np.ndarray) -> Score:
    """Known customers by their factors; of the others, the ridge regression on the factors of what they have."""
    solver = np.linalg.inv(items.T @ items / len(items) * 10 + np.eye(items.shape[1])).astype(np.float32)

    def score(cases: list[Case]) -> np.ndarray:
        rows = np.searchsorted(data.users, [case.user for case in cases])
        inside = np.minimum(rows, len(data.users) - 1)
        known = data.users[inside] == [case.user for case in cases]
        found = histories(cases, len(items)) @ items @ solver
        return (np.where(known[:, None], users[inside], found) @ items.T).astype(np.float32)

    return score


def _texts(data: Dataset) -> np.ndarray:
    """(items, dim) embeddings without what all have in common."""
    return data.vectors - data.vectors.mean(axis=0)
