"""The benchmark's reading of splits, and its peers, on a split small enough to know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.bench_rec import judge
from benchmarks.bench_rec_peers import BASKET_PEERS, COLD_PEERS, LARGEST, PEERS, able
from benchmarks.bench_rec_split import APART, cold_items, cold_users, load, warm


class Letters:
    """Stands for the encoder: items are told apart, nothing more."""

    def encode(self, texts, *, keep=False):
        return np.eye(len(texts), dtype=np.float32)


@pytest.fixture(params=[True, False], ids=["with times", "without times"])
def split(request, tmp_path: Path):
    """40 customers in two camps; each had two of the camp's items, then a third, then a fourth."""
    folder = tmp_path / "small_new"
    folder.mkdir()
    rows = [(f"u{user}", f"i{(user % 2) * 12 + (user + k) % 12}", k) for user in range(40) for k in range(4)]
    table = pd.DataFrame(rows, columns=["user", "item", "pos"])
    if request.param:
        table["ts"] = 1_300_000 + 86.4 * table["pos"]
    for part, positions in (("train", (0, 1)), ("valid", (2,)), ("test", (3,))):
        table[table["pos"].isin(positions)].to_csv(folder / f"{part}.csv.gz", index=False)
    items = pd.DataFrame({"item": [f"i{k}" for k in range(24)], "title": "thing", "tags": "", "text": "thing"})
    items.to_csv(folder / "items.csv.gz", index=False)
    (folder / "cold_items.txt").write_text("i3\ni15\n")
    pd.DataFrame({"user": [f"u{k}" for k in range(40)], "fold": [k % 4 for k in range(40)]}).to_csv(
        folder / "cold_users.csv.gz", index=False
    )
    return load(folder, Letters())


def test_the_next_visit_is_what_is_asked_for_and_what_was_had_is_left_out(split):
    task = warm(split, "test")
    assert len(task.cases) == 40
    assert len(task.data.interactions) == 120
    assert all(len(case.query.positions) == 3 and len(case.wanted) == 1 and not case.wanted & set(case.owned) for case in task.cases)
    assert {round(float(case.query.ages.min())) for case in task.cases} <= {1, APART}


@pytest.mark.parametrize("part", ["valid", "test"])
def test_nothing_is_trained_on_a_cold_item_and_all_that_was_done_with_it_is_to_be_found(part, split):
    task = cold_items(split, part, among=True)
    trained = set(task.data.interactions["item"])
    assert not trained & ({3, 15} | set(task.candidates))
    assert (set(task.candidates) == {3, 15}) == (part == "test")
    everything = pd.concat([split.parts[name] for name in (("train", "valid", "test") if part == "test" else ("train", "valid"))])
    for case in task.cases:
        theirs = set(everything.loc[everything["user"] == case.user, "item"])
        assert case.wanted == theirs & set(task.candidates)
        assert not set(case.query.positions) & set(task.candidates)


def test_a_customer_of_whom_nothing_is_known_is_asked_for_too(split):
    task = cold_users(split, "test", fold=1, events=0)
    assert len(task.cases) == 10
    assert all(len(case.query.positions) == 0 and len(case.owned) == 3 for case in task.cases)


def test_a_split_may_do_without_positions_validation_and_texts(split, tmp_path):
    folder = tmp_path / "small_new"
    for part in ("train", "test"):
        pd.read_csv(folder / f"{part}.csv.gz")[["user", "item"]].to_csv(folder / f"{part}.csv.gz", index=False)
    pd.read_csv(folder / "items.csv.gz")[["item"]].to_csv(folder / "items.csv.gz", index=False)
    for name in ("valid.csv.gz", "cold_items.txt", "cold_users.csv.gz"):
        (folder / name).unlink()
    bare = load(folder, Letters())
    assert {part: len(rows) for part, rows in bare.parts.items()} == {"train": 40, "valid": 40, "test": 40}
    assert len(warm(bare, "test").cases) == 40
    assert len(bare.cold) == len(bare.folds) == 0


def test_a_file_without_a_needed_column_is_named(split, tmp_path):
    (tmp_path / "small_new" / "test.csv.gz").unlink()
    with pytest.raises(SystemExit, match="test.csv.gz cannot be read"):
        load(tmp_path / "small_new", Letters())
    pd.DataFrame({"user": ["u1"]}).to_csv(tmp_path / "small_new" / "test.csv.gz", index=False)
    with pytest.raises(SystemExit, match="no column item"):
        load(tmp_path / "small_new", Letters())


def test_of_a_cold_customer_only_the_last_rows_are_known_and_nothing_is_trained_on(split):
    task = cold_users(split, "test", fold=1, events=1)
    assert len(task.cases) == 10
    assert task.data.interactions["user"].nunique() == 30
    assert all(len(case.query.positions) == 1 and len(case.owned) == 3 for case in task.cases)


@pytest.mark.parametrize("name", [*PEERS, *BASKET_PEERS])
def test_every_peer_ranks_the_catalogue(name, split):
    make, settings = (PEERS | BASKET_PEERS)[name]
    setting = {key: min(value, 10) if key == "neighbours" else value for key, value in settings[0].items()}
    task = warm(split, "test")
    judged = judge(make(task.data, **setting), task)
    assert 0 <= judged["ndcg"] <= judged["hit"] <= 1
    if name in ("EASE", "item-kNN cosine", "RP3beta", "user-kNN cosine", "LightFM with text"):
        assert judged["hit"] > 0.9  # ten places hold all that is left of a camp


@pytest.mark.parametrize("name", COLD_PEERS)
def test_peers_for_cold_items_rank_them_and_a_customer_they_were_not_fitted_on(name, split):
    make, settings = COLD_PEERS[name]
    score = make(cold_items(split, "test", True).data, **{**settings[0], **({"neighbours": 5} if "neighbours" in settings[0] else {})})
    scores = score(cold_users(split, "test", fold=1, events=1).cases)
    assert scores.shape == (10, 24)
    assert np.isfinite(scores).all()


def test_a_large_catalogue_is_left_to_peers_whose_memory_does_not_grow_with_its_square():
    assert able(PEERS, LARGEST) == PEERS
    assert "EASE" not in able(PEERS, LARGEST + 1)
    assert "ALS (implicit)" in able(PEERS, LARGEST + 1)
