"""The vector index inside the shop's own PostgreSQL (extension pgvector), for shops whose recommender runs in many processes.

The table is a copy that can be made again at any time, so it is no part of the migrations: it is made when the index is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import text

from recommender.index import NO_POSITIONS, fingerprints

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

SEARCHED = 200  # hnsw.ef_search, at least: candidates looked at for one wish
MOST = 1_000  # what pgvector allows for hnsw.ef_search
BATCH = 1_000  # rows written at a time
WIDEST = 2_000  # dimensions that pgvector's HNSW can index
LOCK = 7_340_221  # advisory lock: processes that start at once write one after the other


class CannotIndex(RuntimeError):
    """The database cannot serve as a vector index; the message says why and what to do."""


class PgVector:
    """Answers from the table item_vectors, by HNSW over inner products (Malkov and Yashunin, PAMI 2020)."""

    name = "pgvector"

    def __init__(self, engine: Engine, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Writes what is new or changed and removes what is gone. `ids` (n,) are the items' in catalogue order.

        Raises CannotIndex when the store is no PostgreSQL, or one without pgvector."""
        if engine.dialect.name != "postgresql":
            raise CannotIndex("SHOPKEEPER_VECTOR_INDEX=pgvector needs a PostgreSQL store: set DATABASE_URL, or choose auto")
        self._engine, self._ids, self.dim = engine, ids, vectors.shape[1]
        self._order = np.argsort(ids)
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            self._create(connection)
            self.added = self._write(connection, vectors)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE item_vectors"))

    def search(self, wishes: np.ndarray, k: int, allowed: np.ndarray | None = None) -> list[np.ndarray]:
        """As VectorIndex says. Where constraints leave too few of those found, more are read."""
        k = min(k, len(self._ids) if allowed is None else int(allowed.sum()))
        if not k:
            return [NO_POSITIONS for _ in wishes]
        with self._engine.begin() as connection:
            connection.execute(text("SET LOCAL hnsw.iterative_scan = relaxed_order"))
            return [self._nearest(connection, wish, k, allowed) if wish.any() else NO_POSITIONS for wish in wishes]

    def _nearest(self, connection: Connection, wish: np.ndarray, k: int, allowed: np.ndarray | None) -> np.ndarray:
        query = text("SELECT item_id FROM item_vectors ORDER BY embedding <#> CAST(:wish AS vector) LIMIT :wanted")
        wanted = k if allowed is None else int(k * len(self._ids) / allowed.sum())
        while True:
            connection.execute(text(f"SET LOCAL hnsw.ef_search = {min(max(SEARCHED, wanted), MOST)}"))
            rows = connection.scalars(query, {"wish": _text(wish), "wanted": wanted}).all()
            found = self._positions(np.fromiter(rows, np.int64, len(rows)))
            found = found if allowed is None else found[allowed[found]]
            if len(found) >= k or wanted >= len(self._ids) or len(rows) < wanted:
                return found[:k]
            wanted *= 4

    def _positions(self, ids: np.ndarray) -> np.ndarray:
        """Of those ids that are in our catalogue; another process may have written a newer one's."""
        places = np.minimum(np.searchsorted(self._ids, ids, sorter=self._order), len(self._ids) - 1)
        positions = self._order[places]
        return positions[self._ids[positions] == ids]

    def _create(self, connection: Connection) -> None:
        if self.dim > WIDEST:
            raise CannotIndex(
                f"pgvector indexes at most {WIDEST} dimensions and the encoder has {self.dim}; choose SHOPKEEPER_VECTOR_INDEX=auto"
            )
        if not connection.scalar(text("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'")):
            raise CannotIndex("this PostgreSQL has no pgvector: install the extension, or set SHOPKEEPER_VECTOR_INDEX=auto")
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
        width = connection.scalar(
            text("SELECT atttypmod FROM pg_attribute WHERE attrelid = to_regclass('item_vectors') AND attname = 'embedding'")
        )
        if width is not None and width != self.dim:  # another encoder
            connection.execute(text("DROP TABLE item_vectors"))
        connection.execute(
            text(
                "CREATE TABLE IF NOT EXISTS item_vectors"
                f" (item_id bigint PRIMARY KEY, fingerprint bigint NOT NULL, embedding vector({self.dim}) NOT NULL)"
            )
        )
        connection.execute(text("CREATE INDEX IF NOT EXISTS item_vectors_nearest ON item_vectors USING hnsw (embedding vector_ip_ops)"))

    def _write(self, connection: Connection, vectors: np.ndarray) -> int:
        marks = fingerprints(vectors).view(np.int64)
        there = dict(connection.execute(text("SELECT item_id, fingerprint FROM item_vectors")).all())
        rows = [k for k, (item, mark) in enumerate(zip(self._ids.tolist(), marks.tolist(), strict=True)) if there.get(item) != mark]
        gone = list(there.keys() - set(self._ids.tolist()))
        if gone:
            connection.execute(text("DELETE FROM item_vectors WHERE item_id = ANY(:gone)"), {"gone": gone})
        upsert = text(
            "INSERT INTO item_vectors VALUES (:item, :mark, CAST(:vector AS vector))"
            " ON CONFLICT (item_id) DO UPDATE SET fingerprint = excluded.fingerprint, embedding = excluded.embedding"
        )
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            connection.execute(upsert, [{"item": int(self._ids[k]), "mark": int(marks[k]), "vector": _text(vectors[k])} for k in part])
        return len(rows)


def _text(vector: np.ndarray) -> str:
    """pgvector's own notation."""
    return "[" + ",".join(map(repr, vector.astype(np.float32).tolist())) + "]"
