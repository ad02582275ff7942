"""The recommenders that ours is measured beside. Each is fitted on a Dataset and scores every item for histories given as rows.

A peer is a function (data, again, **setting) -> scores of a matrix of histories; PEERS names it with the settings that are tried on
validation, as many as ours tries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from scipy.linalg import lapack

from recommender.content import of_history
from recommender.dataset import Dataset
from recommender.itemknn import item_knn
from recommender.pool import Case
from recommender.query import DAY

Score = Callable[[list[Case]], np.ndarray]  # (cases, items)


def histories(cases: Sequence[Case], size: int) -> sp.csr_matrix:
    """(cases, items) of ones."""
    rows = np.repeat(np.arange(len(cases)), [len(case.query.positions) for case in cases])
    columns = np.concatenate([case.query.positions for case in cases])
    return sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(cases), size))


def binary(data: Dataset) -> sp.csr_matrix:
    matrix = data.matrix.copy()
    matrix.data[:] = 1.0
    return matrix


def linear(weights: np.ndarray | sp.csr_matrix) -> Score:
    return lambda cases: np.asarray(_dense(histories(cases, weights.shape[0]) @ weights), np.float32)


def popularity(data: Dataset, days: float | None = None) -> Score:
    """Events of the last `days` before the moment asked for; None: of all times."""
    seconds, columns = data.events["seconds"].to_numpy(), data.events["column"].to_numpy()
    size = len(data.items)

    def at(moment: float) -> np.ndarray:
        since = -np.inf if days is None else moment - days * DAY
        return np.bincount(columns[(seconds < moment) & (seconds >= since)], minlength=size).astype(np.float32)

    def score(cases: list[Case]) -> np.ndarray:
        moments = [case.query.at // DAY * DAY for case in cases]
        known = {moment: at(moment) for moment in set(moments)}
        return np.stack([known[moment] for moment in moments])

    return score


def content(data: Dataset) -> Score:
    """Cosine of embeddings to the mean of the history."""
    vectors = data.vectors - data.vectors.mean(axis=0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return lambda cases: np.stack([vectors @ of_history(case.query, vectors[case.query.positions]) for case in cases])


def knn_cosine(data: Dataset, neighbours: int) -> Score:
    matrix = binary(data)
    norm = np.sqrt(np.asarray(matrix.sum(axis=0)).ravel())
    scaled = matrix @ sp.diags(1 / np.maximum(norm, 1e-9))
    similar = (scaled.T @ scaled).toarray()
    np.fill_diagonal(similar, 0)
    return linear(_nearest(similar, neighbours))


def knn_bm25(data: Dataset, neighbours: int, b: float) -> Score:
    return linear(item_knn(data, neighbours=neighbours, b=b))


def ease(data: Dataset, l2: float) -> Score:
    """Steck 2019, without text and time."""
    matrix = binary(data)
    gram = (matrix.T @ matrix).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += l2
    factor, _ = lapack.spotrf(gram, lower=True)
    inverse = np.tril(lapack.spotri(factor, lower=True)[0])
    inverse += np.tril(inverse, -1).T
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return linear(weights)


def rp3beta(data: Dataset, alpha: float, beta: float) -> Score:
    """Random walks of three steps, popular ends held back (Paudel et al., TIIS 2017)."""
    matrix = binary(data)
    by_user = matrix.multiply(1 / np.maximum(matrix.sum(axis=1), 1)).tocsr().power(alpha)
    by_item = matrix.T.multiply(1 / np.maximum(matrix.T.sum(axis=1), 1)).tocsr().power(alpha)
    popular = np.maximum(np.asarray(matrix.sum(axis=0)).ravel(), 1) ** beta
    walk = (by_item @ by_user).toarray() / popular
    np.fill_diagonal(walk, 0)
    return linear(walk.astype(np.float32))


def als(data: Dataset, factors: int, regularization: float, alpha: float) -> Score:
    model = AlternatingLeastSquares(
        factors=factors, regularization=regularization, alpha=alpha, iterations=15, random_state=0, num_threads=1
    )
    model.fit(binary(data), show_progress=False)

    def score(cases: list[Case]) -> np.ndarray:
        rows = histories(cases, len(data.items))
        return model.recalculate_user(np.arange(len(cases)), rows) @ model.item_factors.T

    return score


def bpr(data: Dataset, factors: int, regularization: float) -> Score:
    """Without a fold-in of its own: a history's factors are found by ridge regression on the item factors."""
    model = BayesianPersonalizedRanking(factors=factors, regularization=regularization, iterations=100, random_state=0, num_threads=1)
    model.fit(binary(data), show_progress=False)
    items = model.item_factors
    solver = np.linalg.inv(items.T @ items / len(items) * 10 + np.eye(items.shape[1]))
    return lambda cases: (histories(cases, len(items)) @ items @ solver @ items.T).astype(np.float32)


def own_frequency(data: Dataset) -> Score:
    """How often they had it; popularity breaks the ties."""
    popular = data.support / max(data.support.max(initial=1), 1)
    return lambda cases: _own(cases, len(data.items)) + 1e-3 * popular.astype(np.float32)


def tifu_knn(data: Dataset, neighbours: int, share: float, table: Mapping[int, Case] | None = None) -> Score:
    """Own faded frequency and that of the most similar customers (Hu et al., SIGIR 2020), fading by days instead of by groups."""
    events = data.events
    newest = events.groupby("user")["seconds"].transform("max")
    fading = np.exp2(-(newest - events["seconds"]) / (180 * DAY)).to_numpy(np.float32)
    rows = np.searchsorted(data.users, events["user"])
    others = sp.csr_matrix((fading, (rows, events["column"])), shape=(len(data.users), len(data.items)))

    def score(cases: list[Case]) -> np.ndarray:
        own = _own(cases, len(data.items))
        near = -(((own**2).sum(axis=1)[:, None]) + np.asarray(others.multiply(others).sum(axis=1)).T - 2 * (others @ own.T).T)
        order = np.argpartition(-near, neighbours, axis=1)[:, : neighbours + 1]
        picks = sp.csr_matrix(
            (np.full(order.size, 1 / neighbours, np.float32), (np.repeat(np.arange(len(cases)), neighbours + 1), order.ravel())),
            shape=(len(cases), len(data.users)),
        )
        return share * own + (1 - share) * (picks @ others).toarray()

    return score


def _own(cases: Sequence[Case], size: int) -> np.ndarray:
    own = np.zeros((len(cases), size), np.float32)
    for row, case in enumerate(cases):
        own[row, case.query.positions] = case.query.habits
    return own


def _nearest(similar: np.ndarray, keep: int) -> sp.csr_matrix:
    if keep < similar.shape[0]:
        edge = np.partition(similar, -keep, axis=1)[:, [-keep]]
        similar = np.where(similar >= edge, similar, 0)
    return sp.csr_matrix(similar.T)


def _dense(matrix: np.ndarray | sp.spmatrix) -> np.ndarray:
    return matrix.toarray() if sp.issparse(matrix) else matrix


Setting = Mapping[str, float | int | None]
PEERS: dict[str, tuple[Callable[..., Score], Sequence[Setting]]] = {
    "popularity": (popularity, [{"days": days} for days in (None, 7, 14, 30, 90)]),
    "content (embeddings)": (content, [{}]),
    "item-kNN cosine": (knn_cosine, [{"neighbours": k} for k in (50, 100, 200, 500)]),
    "item-kNN BM25": (knn_bm25, [{"neighbours": k, "b": b} for k in (100, 300) for b in (0.3, 0.6, 0.9)]),
    "RP3beta": (rp3beta, [{"alpha": a, "beta": b} for a in (0.8, 1.0) for b in (0.2, 0.4, 0.6)]),
    "EASE": (ease, [{"l2": l2} for l2 in (5.0, 20.0, 100.0, 300.0, 800.0, 2000.0)]),
    "ALS (implicit)": (
        als,
        [{"factors": f, "regularization": r, "alpha": a} for f, r, a in
         ((64, 0.1, 10), (64, 10, 10), (128, 1, 5), (128, 10, 5), (128, 30, 10), (128, 10, 2))],
    ),
    "BPR (implicit)": (bpr, [{"factors": f, "regularization": r} for f in (64, 128) for r in (0.01, 0.05)]),
}  # fmt: skip
BASKET_PEERS: dict[str, tuple[Callable[..., Score], Sequence[Setting]]] = {
    "own frequency": (own_frequency, [{}]),
    "TIFU-kNN": (tifu_knn, [{"neighbours": k, "share": s} for k in (100, 300) for s in (0.3, 0.6, 0.8)]),
}
