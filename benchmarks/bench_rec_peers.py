"""The recommenders that ours is measured beside. Each is fitted on a Dataset and scores every item for histories given as rows.

A peer is a function (data, **setting) -> scores of cases; PEERS names it with the settings that are tried on validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

from benchmarks.bench_rec_factors import Score, als, binary, bpr, customers, histories, light_fm
from recommender.content import of_history
from recommender.dataset import Dataset
from recommender.itemknn import item_knn
from recommender.pool import Case
from recommender.query import DAY


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


def own_frequency(data: Dataset) -> Score:
    """How often they had it; popularity breaks the ties."""
    popular = customers(data)
    return lambda cases: _own(cases, len(data.items)) + (1e-3 * popular / max(popular.max(initial=1), 1)).astype(np.float32)


def tifu_knn(data: Dataset, neighbours: int, share: float) -> Score:
    """Own faded frequency and that of the most similar customers (Hu et al., SIGIR 2020), fading by days instead of by groups."""
    events = data.events
    newest = events.groupby("user")["seconds"].transform("max")
    fading = np.exp2(-(newest - events["seconds"]) / (180 * DAY)).to_numpy(np.float32)
    rows = np.searchsorted(data.users, events["user"])
    others = sp.csr_matrix((fading, (rows, events["column"])), shape=(len(data.users), len(data.items)))
    squares = np.asarray(others.multiply(others).sum(axis=1)).ravel()
    count = min(neighbours, len(data.users) - 1)

    def score(cases: list[Case]) -> np.ndarray:
        own = _own(cases, len(data.items))
        near = 2 * (others @ own.T).T - squares - (own**2).sum(axis=1)[:, None]
        return share * own + (1 - share) * (_picks(near, count) @ others).toarray()

    return score


def knn_user(data: Dataset, neighbours: int, popular: float) -> Score:
    """What the customers nearest by cosine have; `popular` holds back what everybody has."""
    matrix = binary(data)
    scaled = sp.diags(1 / np.sqrt(np.maximum(np.diff(matrix.indptr), 1))) @ matrix
    held_back = (np.maximum(customers(data), 1.0) ** -popular).astype(np.float32)

    def score(cases: list[Case]) -> np.ndarray:
        near = np.asarray((histories(cases, len(data.items)) @ scaled.T).todense())
        near[data.users[None, :] == np.array([case.user for case in cases])[:, None]] = 0.0  # nobody is their own neighbour
        weights = _picks(near, min(neighbours, near.shape[1] - 1), near)
        return (weights @ matrix).toarray() * held_back

    return score


def content_knn(data: Dataset, neighbours: int) -> Score:
    """An item is liked as much as its nearest items by embedding that somebody had."""
    vectors = data.vectors - data.vectors.mean(axis=0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    likeness = np.where(data.support[:, None] > 0, vectors @ vectors.T, 0.0)
    return linear(_nearest(likeness.T, min(neighbours, len(vectors))))


def _picks(near: np.ndarray, count: int, weights: np.ndarray | None = None) -> sp.csr_matrix:
    """(cases, users): the `count` nearest of each case, with these weights or with shares of one."""
    order = np.argpartition(-near, count, axis=1)[:, :count]
    values = np.full(order.shape, 1 / count, np.float32) if weights is None else np.take_along_axis(weights, order, axis=1)
    rows = np.repeat(np.arange(len(near)), count)
    return sp.csr_matrix((values.ravel(), (rows, order.ravel())), shape=near.shape)


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


Setting = Mapping[str, float | int | bool | None]
Peers = Mapping[str, tuple[Callable[..., Score], Sequence[Setting]]]
ALS = [{"factors": f, "regularization": r, "alpha": a} for f, r, a in
       ((64, 0.1, 10), (64, 10, 10), (128, 1, 5), (128, 10, 5), (128, 30, 10), (128, 10, 2))]  # fmt: skip
PEERS: Peers = {
    "popularity": (popularity, [{}]),
    "popularity, recent": (popularity, [{"days": days} for days in (3, 7, 14, 30, 60, 90)]),
    "content (embeddings)": (content, [{}]),
    "user-kNN cosine": (knn_user, [{"neighbours": k, "popular": p} for k in (50, 100, 200) for p in (0.0, 0.3)]),
    "item-kNN cosine": (knn_cosine, [{"neighbours": k} for k in (20, 50, 100, 200, 500, 1000)]),
    "item-kNN BM25": (knn_bm25, [{"neighbours": k, "b": b} for k in (100, 300) for b in (0.3, 0.6, 0.9)]),
    "RP3beta": (rp3beta, [{"alpha": a, "beta": b} for a in (0.8, 1.0) for b in (0.2, 0.4, 0.6)]),
    "EASE": (ease, [{"l2": l2} for l2 in (5.0, 20.0, 100.0, 300.0, 800.0, 2000.0)]),
    "ALS (implicit)": (als, ALS),
    "BPR (implicit)": (bpr, [{"factors": f, "regularization": r} for f in (64, 128) for r in (0.002, 0.01, 0.05)]),
    "LightFM with text": (light_fm, [{"components": c, "alpha": a} for c in (32, 64) for a in (0.0, 1e-6, 1e-5)]),
}
BASKET_PEERS: Peers = {
    "own frequency": (own_frequency, [{}]),
    "TIFU-kNN": (tifu_knn, [{"neighbours": k, "share": s} for k in (100, 300) for s in (0.5, 0.7, 0.9)]),
}
# For items that nobody had.
COLD_PEERS: Peers = {
    "content (embeddings)": (content, [{}]),
    "content-kNN": (content_knn, [{"neighbours": k} for k in (3, 5, 10, 20, 50, 100)]),
    "ALS (implicit)": (als, ALS[3:4]),
    "ALS with a ridge map from text": (als, [{**setting, "texts": True} for setting in ALS]),
    "LightFM with text": (light_fm, [{"components": c, "alpha": 0.0, "identity": i} for c in (32, 64, 96) for i in (True, False)]),
}
# These hold several numbers for each pair of items, 1.6 GB each where there are LARGEST of them.
DENSE = ("item-kNN cosine", "RP3beta", "EASE", "content-kNN")
LARGEST = 20_000


def able(peers: Peers, items: int) -> Peers:
    """Those that can be fitted to so many items."""
    return {name: peer for name, peer in peers.items() if items <= LARGEST or name not in DENSE}
