"""The benchmark's reading of splits, and its peers, on a split small enough to know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.bench_rec import judge
from benchmarks.bench_rec_peers import BASKET_PEERS, PEERS
from benchmarks.bench_rec_split import cold_items, cold_users, load, warm


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
    assert {round(float(case.query.ages.min())) for case in task.cases} == {1}


def test_nothing_is_trained_on_a_cold_item(split):
    task = cold_items(split, "test", among=True)
    assert not set(task.data.interactions["item"]) & {3, 15}
    assert task.cases
    assert all(case.wanted <= {3, 15} for case in task.cases)


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
    if name in ("EASE", "item-kNN cosine", "RP3beta"):
        assert judged["hit"] > 0.9  # ten places hold all that is left of a camp
