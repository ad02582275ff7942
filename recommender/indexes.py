"""Which vector index serves: what the settings say, or what suits the size of the catalogue."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from recommender.index import Approximate, Exact, VectorIndex
from recommender.pgvector import CannotIndex, PgVector

if TYPE_CHECKING:
    from recommender.data import Settings, Store

log = logging.getLogger("recommender")

WORTH_SAVING = 0.01  # share of new vectors from which the file is written again


def open_index(settings: Settings, store: Store, ids: np.ndarray, vectors: np.ndarray, before: VectorIndex | None = None) -> VectorIndex:
    """The index over these items. `before`, of an earlier catalogue, saves the work for what it holds already; so does the file that an
    earlier process left. A database that cannot serve is said in the log, and the index is kept in memory."""
    kind = settings.vector_index
    if kind == "pgvector":
        try:
            return PgVector(store.engine, ids, vectors)
        except CannotIndex as problem:
            log.error("%s; until then the index is kept in memory", problem)
            kind = "auto"
    if kind == "exact" or (kind == "auto" and len(vectors) < settings.vector_index_from):
        return Exact(vectors)
    path = settings.var_dir / "cache" / "index.npz"
    known = before if isinstance(before, Approximate) else Approximate.load(path)
    index = Approximate(vectors, known)
    if index.added > WORTH_SAVING * len(vectors):
        index.save(path)
    return index
