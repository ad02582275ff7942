"""One contract for every vector index, and what the approximate one adds: cheap updates and a file."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.index import Approximate, Exact, fingerprints
from recommender.indexes import open_index
from recommender.pgvector import CannotIndex, PgVector
from shop.store import Store

SIZE, DIM = 3_000, 32


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    random = np.random.default_rng(3)
    centres = random.standard_normal((30, DIM))
    made = centres[np.arange(SIZE) % 30] + 0.7 * random.standard_normal((SIZE, DIM))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def ids() -> np.ndarray:
    return np.arange(SIZE) * 3 + 7


@pytest.fixture(scope="module", params=["exact", "approximate", pytest.param("pgvector", marks=pytest.mark.postgres)])
def index(request, vectors, ids, tmp_path_factory):
    if request.param == "exact":
        yield Exact(vectors)
    elif request.param == "approximate":
        yield Approximate(vectors)
    else:
        with request.getfixturevalue("postgresql_copy")(tmp_path_factory.mktemp("index")) as url:
            store = Store(url)
            yield PgVector(store.engine, ids, vectors)
            store.close()


def nearest(vectors: np.ndarray, wish: np.ndarray, k: int, allowed: np.ndarray) -> list[int]:
    scores = np.where(allowed, vectors @ wish, -9)
    return np.argsort(-scores, kind="stable")[:k].tolist()


class TestContract:
    def test_finds_the_nearest_best_first(self, index, vectors):
        wishes = vectors[:40]
        everything = np.ones(SIZE, bool)
        found = index.search(wishes, 10)
        recall = [len(set(nearest(vectors, w, 10, everything)) & set(f.tolist())) / 10 for w, f in zip(wishes, found, strict=True)]
        assert np.mean(recall) >= 0.95
        assert np.mean([f[0] == k for k, f in enumerate(found)]) >= 0.95

    def test_finds_only_what_is_allowed_and_enough_of_it(self, index, vectors):
        allowed = np.zeros(SIZE, bool)
        allowed[::10] = True
        found = index.search(vectors[:20], 10, allowed)
        assert all(allowed[f].all() and len(f) == 10 for f in found)
        recall = [len(set(nearest(vectors, w, 10, allowed)) & set(f.tolist())) / 10 for w, f in zip(vectors[:20], found, strict=True)]
        assert np.mean(recall) >= 0.9

    def test_a_wish_of_nothing_finds_nothing_and_does_not_disturb_the_others(self, index, vectors):
        nothing, something = index.search(np.stack([np.zeros(DIM, np.float32), vectors[5]]), 3)
        assert len(nothing) == 0
        assert 5 in something

    def test_more_than_there_is_is_no_error(self, index, vectors):
        assert 0 < len(index.search(vectors[:1], 10 * SIZE)[0]) <= SIZE
        assert len(index.search(vectors[:1], 5, np.zeros(SIZE, bool))[0]) == 0


def test_new_vectors_are_added_and_the_earlier_index_stays_as_it_was(vectors):
    first = Approximate(vectors[:2_900])
    second = Approximate(vectors, first)
    assert (first.added, second.added) == (2_900, 100)
    assert second.search(vectors[2_950:2_951], 1)[0][0] == 2_950
    assert first.search(vectors[2_950:2_951], 1)[0][0] < 2_900


def test_a_changed_vector_makes_the_index_anew(vectors):
    changed = vectors.copy()
    changed[17] = vectors[18]
    assert Approximate(changed, Approximate(vectors)).added == SIZE
    assert (fingerprints(changed) != fingerprints(vectors)).nonzero()[0].tolist() == [17]


def test_the_file_brings_the_index_back_and_a_damaged_one_is_built_anew(vectors, tmp_path, settings):
    path = tmp_path / "index.npz"
    assert Approximate.load(path) is None
    index = Approximate(vectors)
    index.save(path)
    loaded = Approximate.load(path)
    assert Approximate(vectors, loaded).added == 0
    np.testing.assert_array_equal(Approximate(vectors, loaded).search(vectors[:3], 5), index.search(vectors[:3], 5))
    path.write_bytes(path.read_bytes()[:-1000])
    assert Approximate.load(path) is None


def test_the_settings_choose_the_index(settings, vectors, ids, tmp_path, caplog):
    store = Store(f"sqlite:///{tmp_path / 'shop.db'}")

    def chosen(**given) -> str:
        return open_index(settings.model_copy(update=given), store, ids, vectors).name

    assert chosen() == "exact"
    assert chosen(vector_index_from=1_000) == "approximate"
    assert chosen(vector_index="exact", vector_index_from=1) == "exact"
    assert chosen(vector_index="pgvector") == "exact"
    assert "DATABASE_URL" in caplog.text
    with pytest.raises(CannotIndex, match="PostgreSQL"):
        PgVector(store.engine, ids, vectors)


@pytest.mark.postgres
def test_pgvector_writes_only_what_changed_and_forgets_what_is_gone(postgresql_copy, tmp_path, vectors, ids):
    with postgresql_copy(tmp_path) as url:
        store = Store(url)
        assert PgVector(store.engine, ids[:200], vectors[:200]).added == 200
        changed = vectors[:201].copy()
        changed[3] = vectors[999]
        index = PgVector(store.engine, np.delete(ids[:201], 5), np.delete(changed, 5, axis=0))
        assert index.added == 2
        assert index.search(vectors[999:1000], 1)[0].tolist() == [3]
        assert PgVector(store.engine, ids[:10], np.eye(10, 16, dtype=np.float32)).added == 10  # another encoder
        store.close()
