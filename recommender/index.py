"""Which items' vectors point nearly where a wish does: the vector index, exact or approximate, behind one contract.

An index only proposes candidates; scorers score those exactly. It holds the catalogue's vectors as they are, of unit length, by position.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Protocol

import numpy as np

log = logging.getLogger("recommender")

BLOCK = 65_536  # rows compared, hashed or added at a time
LISTS = 2_048  # inverted lists, at most: finding the nearest of them costs time for every item added
PER_LIST = 40  # items that k-means learns a list's centre from
READ = 10_000  # codes read for one wish, about, in PROBES lists at least and at most
PROBES = (8, 256)
CODE = 2  # numbers of a vector that four bits stand for
FURTHER = 3  # times as many as are wanted are compared again by their vectors, and COMPARED at least
COMPARED = 64
MANY = 200  # of them for which READ is meant; for fewer less, down to LEAST_READ of it
LEAST_READ = 0.25
LEAST_SHARE = 0.01  # of the items that are allowed, below which it is not read further
NO_POSITIONS = np.zeros(0, np.int64)


class VectorIndex(Protocol):
    name: str

    def search(self, wishes: np.ndarray, k: int, allowed: np.ndarray | None = None) -> list[np.ndarray]:
        """For each wish (w, dim) up to k catalogue positions, those of largest inner product first; only `allowed` (n_items,) ones.
        A wish of zeros finds nothing."""


class Exact:
    """Compares with every vector: one matrix product for all wishes."""

    name = "exact"

    def __init__(self, vectors: np.ndarray) -> None:
        self._vectors = vectors

    def search(self, wishes: np.ndarray, k: int, allowed: np.ndarray | None = None) -> list[np.ndarray]:
        asked = wishes.any(axis=1)
        scores = iter((self._vectors @ wishes[asked].T).T if asked.any() else ())
        return [_best(next(scores), k, allowed) if one else NO_POSITIONS for one in asked]


class Approximate:
    """Inverted lists around k-means centres, read as codes of four bits for every two numbers (faiss): what looks best among the lists
    nearest to the wish is compared again by its vector.

    Jégou, Douze and Schmid, "Product Quantization for Nearest Neighbor Search", PAMI 2011, section IV; codes looked up in registers: André,
    Kermarrec and Le Scouarnec, "Cache locality is not enough", VLDB 2015. Chosen over HNSW (faiss, usearch) and 8 bits a number by
    measurement: docs/scale.md. `rows` names what is stored: a fingerprint for each vector, in catalogue order.
    """

    name = "approximate"

    def __init__(self, vectors: np.ndarray, before: Approximate | None = None) -> None:
        """With `before`, an index of an earlier catalogue, only what is new is added, as long as no vector went or changed."""
        import faiss

        rows = fingerprints(vectors)
        kept = len(before.rows) if before is not None else 0
        if before is not None and 0 < kept <= len(rows) < 2 * kept and (rows[:kept] == before.rows).all():
            self._index = faiss.clone_index(before._index) if len(rows) > kept else before._index
        else:
            kept, self._index = 0, _trained(vectors)
        for start in range(kept, len(vectors), BLOCK):
            self._index.add(np.ascontiguousarray(vectors[start : start + BLOCK]))
        self._vectors, self.rows, self.added = vectors, rows, len(rows) - kept

    def search(self, wishes: np.ndarray, k: int, allowed: np.ndarray | None = None) -> list[np.ndarray]:
        asked = wishes.any(axis=1)
        k = min(k, len(self.rows))
        near = iter(self._near(np.ascontiguousarray(wishes[asked]), k, allowed) if asked.any() and k else ())
        found = [next(near, NO_POSITIONS) if one else NO_POSITIONS for one in asked]
        return [positions[_best(self._vectors[positions] @ wish, k, None)] for wish, positions in zip(wishes, found, strict=True)]

    def _near(self, wishes: np.ndarray, k: int, allowed: np.ndarray | None) -> list[np.ndarray]:
        """For each wish the positions, FURTHER times k, whose codes look best. For a few items fewer lists are read; where little is
        allowed, more: the nearest of it are further away."""
        import faiss

        selector = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little")) if allowed is not None else None
        share = 1.0 if allowed is None else max(np.count_nonzero(allowed) / len(allowed), LEAST_SHARE)
        wanted = min(max(FURTHER * k, COMPARED), len(self.rows))
        read = READ * np.clip(wanted / MANY, LEAST_READ, 1.0) / np.sqrt(share)
        probes = min(int(np.clip(read * self._index.nlist / len(self.rows), *PROBES)), self._index.nlist)
        found = self._index.search(wishes, wanted, params=faiss.SearchParametersIVF(nprobe=probes, sel=selector))[1]
        return [positions[positions >= 0] for positions in found]

    def save(self, path: Path) -> None:
        """Into one file, written aside and put in place; only what can be made again."""
        import faiss

        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".index-") as folder:
            draft = Path(folder) / "index.npz"
            np.savez(draft, index=faiss.serialize_index(self._index), rows=self.rows, code=CODE)
            draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> Approximate | None:
        """What `save` wrote, to go on from (it has no vectors to compare with); None when it is missing, damaged or of another kind."""
        import faiss

        loaded = cls.__new__(cls)
        try:
            with np.load(path, allow_pickle=False) as stored:
                loaded._index, loaded.rows, kind = faiss.deserialize_index(stored["index"]), stored["rows"], stored.get("code")
        except FileNotFoundError:
            return None
        except Exception as problem:  # faiss raises RuntimeError, a cut file ValueError, BadZipFile, zlib.error ...
            log.warning("the vector index %s cannot be read (%s); it is built anew", path, problem)
            return None
        return loaded if kind == CODE and loaded._index.ntotal == len(loaded.rows) else None


def fingerprints(vectors: np.ndarray) -> np.ndarray:
    """(n,) uint64: the same for the same vector, hardly ever for two. Sums of the bits times fixed odd numbers."""
    factors = np.random.default_rng(0).integers(0, 2**63, vectors.shape[1], np.uint64) * np.uint64(2) + np.uint64(1)
    rows = np.empty(len(vectors), np.uint64)
    for start in range(0, len(vectors), BLOCK // 8):
        part = np.ascontiguousarray(vectors[start : start + BLOCK // 8], np.float32).view(np.uint32)
        rows[start : start + len(part)] = (part.astype(np.uint64) * factors).sum(axis=1)
    return rows


def _trained(vectors: np.ndarray):
    """An empty faiss index whose centres follow a sample of the vectors."""
    import faiss

    faiss.omp_set_num_threads(1)  # as for BLAS: threads of many processes on few cores only wait for each other
    lists = int(np.clip(4 * np.sqrt(len(vectors)), 1, min(LISTS, max(1, len(vectors) // PER_LIST))))
    index = faiss.index_factory(vectors.shape[1], f"IVF{lists},PQ{vectors.shape[1] // CODE}x4fsr", faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.cp.niter = 7, 10
    some = np.sort(np.random.default_rng(7).permutation(len(vectors))[: lists * PER_LIST])
    index.train(vectors[some])
    return index


def _best(scores: np.ndarray, k: int, allowed: np.ndarray | None) -> np.ndarray:
    positions = np.arange(len(scores)) if allowed is None else np.flatnonzero(allowed)
    scores = scores[positions]
    if len(positions) > k:
        best = np.argpartition(-scores, k)[:k] if k else NO_POSITIONS
        positions, scores = positions[best], scores[best]
    return positions[np.argsort(-scores, kind="stable")]
