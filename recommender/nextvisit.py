"""From what a customer had before a visit to what they chose on it, by ridge regression over all visits.

Choe et al., "Session-aware Linear Item-Item Models for Session-based Recommendation" (SLIT), WWW 2021. Where EASE asks what belongs
together, this asks what comes next; with repeats it also learns what is bought again, and what instead.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

from recommender.dataset import Dataset
from recommender.item_to_item import strongest
from recommender.terms import term_vectors

L2 = 300.0  # ridge strength, in visits
WORDS = 0.0  # how much a shared word counts beside a visit, as a share of `l2`
HALF_LIFE = 120.0  # days by which the past of a visit fades
PAST = 150  # items of a past, the newest
MAX_ITEMS = 8_000
MAX_VISITS = 40_000  # the newest
KEEP = 400  # weights kept for each item
DAY = 86_400


def next_visit(
    data: Dataset, l2: float = L2, words: float = WORDS, repeats: bool = False, max_items: int = MAX_ITEMS, keep: int = KEEP
) -> sp.csr_matrix:
    """W (n_items, n_items), minimising the weighted |Y - XW|^2 + l2 |W|^2: rows of X are faded pasts, rows of Y the items of the visit
    that followed, only those new to the customer unless `repeats`. A visit counts by the root of its size. With `words`, items are
    also followed by those with the same words: rows of words below, as in collective EASE."""
    size = len(data.items)
    past, chosen = visits(data, repeats)
    known = np.sort(np.argsort(-data.support, kind="stable")[:max_items])
    known = known[data.support[known] > 0]
    if not chosen.nnz or not len(known):
        return sp.csr_matrix((size, size), dtype=np.float32)
    past, chosen = past[:, known], chosen[:, known]
    weight = 1 / np.sqrt(np.maximum(np.asarray(chosen.sum(axis=1)).ravel(), 1.0))
    weighted = past.T @ sp.diags((weight / weight.mean()).astype(np.float32))
    gram = np.asarray((weighted @ past).todense(), np.float32)
    gram[np.diag_indices_from(gram)] += l2
    follow = np.asarray((weighted @ chosen).todense(), np.float32)
    if words > 0:
        terms = term_vectors(data.items)[known]
        alike = np.float32(words * l2) * (terms @ terms.T).toarray()
        gram += alike
        np.fill_diagonal(alike, 0.0)
        follow += alike
    _, weights, failed = lapack.sposv(gram, np.asfortranarray(follow))
    if failed:
        return sp.csr_matrix((size, size), dtype=np.float32)
    kept = strongest(weights, keep).tocoo()
    return sp.csr_matrix((kept.data, (known[kept.row], known[kept.col])), shape=(size, size), dtype=np.float32)


def visits(data: Dataset, repeats: bool) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """(n_visits, n_items) pasts and choices. A visit is a day on which a customer who had come before did something; what was last
    had on the newest past day counts 1, older things less. Only those count who can be trusted fully (`Dataset.trust`),
    and newcomers' choices as far as they are heeded; with `repeats` only who is `Dataset.settled`, lest accounts that have one thing day
    after day make it a habit of all."""
    heard = (data.trust == 1) & (data.settled | (not repeats))
    events = data.events[heard[np.searchsorted(data.users, data.events["user"])]]
    past, chosen = _Rows(), _Rows()
    if not len(events):
        return past.matrix(len(data.items)), chosen.matrix(len(data.items))
    done = np.stack([events["user"], events["seconds"] // DAY, events["column"]], axis=1)
    rows, first = np.unique(done, axis=0, return_index=True)
    heed = events["heed"].to_numpy()[first]
    user, last = None, {}
    starts = np.flatnonzero(np.any(np.diff(rows[:, :2], axis=0, prepend=-1) != 0, axis=1))
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        if rows[start, 0] != user:
            user, last = rows[start, 0], {}  # column -> the last day it was had, ordered by that
        day, columns = int(rows[start, 1]), rows[start:end, 2].tolist()
        heard = dict(zip(columns, heed[start:end].tolist(), strict=True))
        wanted = [column for column in columns if repeats or column not in last]
        if last and wanted:
            had = list(last.items())[-PAST:]
            newest = had[-1][1]
            past.add([column for column, _ in had], [0.5 ** ((newest - then) / HALF_LIFE) for _, then in had])
            chosen.add(wanted, [heard[column] for column in wanted])
        for column in columns:
            last.pop(column, None)
            last[column] = day
    return past.matrix(len(data.items))[-MAX_VISITS:], chosen.matrix(len(data.items))[-MAX_VISITS:]


class _Rows:
    def __init__(self) -> None:
        self.columns: list[int] = []
        self.values: list[float] = []
        self.ends = [0]

    def add(self, columns: list[int], values: list[float]) -> None:
        self.columns += columns
        self.values += values
        self.ends.append(len(self.columns))

    def matrix(self, width: int) -> sp.csr_matrix:
        entries = (np.array(self.values, np.float32), np.array(self.columns, np.int64), np.array(self.ends, np.int64))
        return sp.csr_matrix(entries, shape=(len(self.ends) - 1, width))
