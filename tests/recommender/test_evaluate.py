from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from recommender import evaluate


def test_recall_is_the_share_of_the_wanted_that_was_found():
    assert evaluate.recall([1, 2, 3], {2, 9}, k=3) == 0.5
    assert evaluate.recall([1, 2, 3], {3}, k=2) == 0.0


def test_ndcg_of_a_hit_at_the_third_place_is_a_half():
    assert evaluate.ndcg([1, 2, 3], {3}) == pytest.approx(0.5)


def test_ndcg_is_one_when_all_that_is_wanted_comes_first():
    assert evaluate.ndcg([4, 7, 1], {7, 4}) == pytest.approx(1.0)
    assert evaluate.ndcg(list(range(10)), set(range(20))) == pytest.approx(1.0)


def test_ndcg_of_hits_at_one_and_three_of_two_wanted():
    expected = (1 + 1 / np.log2(4)) / (1 + 1 / np.log2(3))
    assert evaluate.ndcg([5, 1, 6], {5, 6}) == pytest.approx(expected)


def test_hit_and_coverage():
    assert evaluate.hit([1, 2], {2}) == 1.0
    assert evaluate.hit([1, 2], {3}) == 0.0
    assert evaluate.coverage([[1, 2], [2, 3]], 6) == 0.5


def test_the_last_day_is_held_out_and_only_what_is_new_is_wanted():
    rows = [
        (1, 10, "2026-01-01"),
        (1, 11, "2026-01-02 08:00"),
        (1, 10, "2026-01-02 09:00"),
        (2, 10, "2026-01-01"),
        (2, 12, "2026-01-01 10:00"),
    ]
    table = pd.DataFrame(rows, columns=["user", "item", "at"]).assign(at=lambda t: pd.to_datetime(t["at"], utc=True, format="mixed"))
    kept, held = evaluate.leave_last_out(table)
    assert kept[["user", "item"]].to_numpy().tolist() == [[1, 10], [2, 10], [2, 12]]
    assert held[["user", "item"]].to_numpy().tolist() == [[1, 11]]
