"""EASE: linear item-to-item weights in closed form (Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019), with the
items' words as further rows (collective EASE: Jeunen, Van Balen and Goethals, "Closed-form Models for Collaborative Filtering with
Side-information", RecSys 2020) and with older events fading."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.linalg import lapack

from recommender.dataset import Dataset
from recommender.item_to_item import strongest
from recommender.terms import term_vectors

L2 = 300.0  # ridge strength, in users; larger trusts rare pairs less
WORDS = 0.05  # how much a shared word counts beside a shared customer, as a share of `l2`
FADE = 120.0  # days before a customer's newest event by which an event counts half
MAX_ITEMS = 8_000  # the inverse costs items^3 time and items^2 memory; rarer items are left to the other scorers
KEEP = 400  # weights kept for each item
BORROW_L2 = 1.0  # ridge of that borrowing, in items
MANY = 8_000  # unknown items, from which on each borrows from its NEAREST known ones alone
NEAREST = 10
BLOCK = 1_000  # unknown items that are looked at in one go
OWN = 0.1  # how much an unknown item is itself chosen by who had one like it
DAY = 86_400


def ease(
    data: Dataset, l2: float = L2, words: float = WORDS, fade: float | None = FADE, max_items: int = MAX_ITEMS, keep: int = KEEP
) -> sp.csr_matrix:
    """W (n_items, n_items) with zero diagonal, minimising |X - XW|^2 + words * l2 |T - TW|^2 + l2 |W|^2 over interactions X, which halve
    every `fade` days (None: never), and words T. Items beyond the `max_items` best supported get no weights; those that nobody had yet
    borrow theirs by their texts."""
    size = len(data.items)
    chosen = np.sort(np.argsort(-data.support, kind="stable")[:max_items])
    chosen = chosen[data.support[chosen] > 0]
    if not len(chosen):
        return sp.csr_matrix((size, size), dtype=np.float32)
    users, terms = faded(data, fade)[:, chosen], term_vectors(data.items)
    gram = np.asarray((users.T @ users).todense(), np.float32)
    if words > 0:
        gram += np.float32(words * l2) * (terms[chosen] @ terms[chosen].T).toarray()
    gram[np.diag_indices_from(gram)] += l2
    inverse = _inverse(gram)
    weights = inverse / -np.diag(inverse)
    weights[np.diag_indices_from(weights)] = 0.0
    kept = strongest(weights, keep).tocoo()
    full = sp.csr_matrix((kept.data, (chosen[kept.row], chosen[kept.col])), shape=(size, size), dtype=np.float32)
    unknown = np.flatnonzero(data.support == 0)
    return full + _borrowed(weights, data, terms, chosen, unknown, keep) if words > 0 and len(unknown) else full


def faded(data: Dataset, half_life: float | None = FADE) -> sp.csr_matrix:
    """The preferences of `data.matrix`, each halving with every `half_life` days between its last event and its customer's newest."""
    if half_life is None:
        return data.matrix
    rows = data.events
    newest = rows.groupby("user")["seconds"].transform("max").to_numpy()
    last = pd.DataFrame({"user": rows["user"], "column": rows["column"], "age": (newest - rows["seconds"].to_numpy()) / DAY})
    last = last.groupby(["user", "column"], sort=True)["age"].min().reset_index()
    shape = (len(data.users), len(data.items))
    fading = np.exp2(-last["age"].to_numpy() / half_life).astype(np.float32)
    return data.matrix.multiply(sp.csr_matrix((fading, (np.searchsorted(data.users, last["user"]), last["column"])), shape=shape)).tocsr()


def _borrowed(weights: np.ndarray, data: Dataset, terms: sp.csr_matrix, known: np.ndarray, unknown: np.ndarray, keep: int) -> sp.csr_matrix:
    """Columns of weights for items that nobody had: the known items' columns regressed on their words and their meaning (kernel ridge), so
    that they follow what those are chosen with, and a share of what is like them. Where they are many, a mean over the NEAREST known items
    stands for the regression, whose time grows with both."""
    vectors = data.vectors - data.vectors.mean(axis=0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    size = terms.shape[0]

    def alike(others: np.ndarray) -> np.ndarray:
        """(known, others); the square keeps what means much the same and drops what is vaguely related."""
        return (terms[known] @ terms[others].T).toarray() + np.maximum(vectors[known] @ vectors[others].T, 0.0) ** 2

    if len(unknown) > MANY:
        mixture = sp.hstack([_means(alike(unknown[start : start + BLOCK])) for start in range(0, len(unknown), BLOCK)]).tocsr()
        columns = (strongest(weights, NEAREST) @ mixture + OWN * mixture).tocoo()
        return sp.csr_matrix((columns.data, (known[columns.row], unknown[columns.col])), shape=(size, size), dtype=np.float32)
    kernel = alike(known)
    kernel[np.diag_indices_from(kernel)] += BORROW_L2
    _, mixture, failed = lapack.sposv(kernel, np.asfortranarray(alike(unknown)))
    if failed:
        return sp.csr_matrix((size, size), dtype=np.float32)
    columns = weights @ mixture + OWN * mixture
    kept = strongest(np.ascontiguousarray(columns.T), keep).tocoo()  # the strongest of each unknown item
    return sp.csr_matrix((kept.data, (known[kept.col], unknown[kept.row])), shape=(size, size), dtype=np.float32)


def _means(alike: np.ndarray) -> sp.csc_matrix:
    """Each column's NEAREST, as shares of what all are alike and BORROW_L2 more."""
    near = strongest(np.ascontiguousarray(alike.T), NEAREST)
    return (sp.diags(1 / (np.asarray(near.sum(axis=1)).ravel() + BORROW_L2)) @ near).T.tocsc().astype(np.float32)


def _inverse(symmetric: np.ndarray) -> np.ndarray:
    """Of a positive definite matrix, by Cholesky: half the work of a general inverse."""
    factor, failed = lapack.spotrf(symmetric, lower=True)
    if failed:
        return np.linalg.inv(symmetric.astype(np.float64)).astype(np.float32)
    inverse, _ = lapack.spotri(factor, lower=True)
    lower = np.tril(inverse)
    return lower + np.tril(inverse, -1).T
