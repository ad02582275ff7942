"""Embeddings kept in a file by content hash, so that a catalogue is encoded once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np


class VectorCache:
    """Text -> float32 vector, for one encoder (named by the hash of its weights). Safe to share between processes; a damaged
    file is thrown away, since everything in it can be made again."""

    def __init__(self, path: Path, encoder: str, dim: int) -> None:
        self.path, self.encoder, self.dim = path, encoder.encode(), dim
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._create()
        except sqlite3.DatabaseError:
            path.unlink(missing_ok=True)
            self._create()

    def get(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """The texts that are known, with their vectors."""
        names = {self._key(text): text for text in texts}
        found = {}
        with self._open() as connection:
            query = "SELECT key, vector FROM vectors WHERE key IN (SELECT value FROM json_each(?))"
            for key, blob in connection.execute(query, [json.dumps(list(names))]):
                if len(blob) == 4 * self.dim:
                    found[names[key]] = np.frombuffer(blob, np.float32)
        return found

    def put(self, vectors: Mapping[str, np.ndarray]) -> None:
        rows = [(self._key(text), np.ascontiguousarray(vector, np.float32).tobytes()) for text, vector in vectors.items()]
        with self._open() as connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

    def _key(self, text: str) -> str:
        return sha256(self.encoder + b"\0" + text.encode("utf-8", "surrogatepass")).hexdigest()

    def _create(self) -> None:
        with self._open() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=30)) as connection, connection:
            yield connection
