"""The understanding benchmark measures what it says, in a process of its own."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
TRAIN = {
    "track": ["where is my parcel", "track my order", "has my order shipped", "when does my parcel arrive"],
    "refund": ["give me my money back", "refund me please", "how do i get a refund", "when is the refund paid"],
}
TEST = {"track": ["track my parcel", "where is my order"], "refund": ["i want a refund", "money back please"]}
STRANGE = {"out": ["who won the football", "sing me a song", "what is quantum physics"]}


def write(path: Path, by_intent: dict[str, list[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "intent"), *((text, intent) for intent, texts in by_intent.items() for text in texts)])


def test_ours_is_trained_and_tested_on_a_data_set(tmp_path: Path):
    for name, content in (("train", TRAIN), ("test", TEST), ("oos_test", STRANGE)):
        write(tmp_path / f"{name}.csv", content)
    command = [sys.executable, "-m", "benchmarks.bench_nlu_systems", "ours", str(tmp_path), str(tmp_path / "out.json")]
    subprocess.run(command, cwd=PROJECT, check=True)
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["accuracy"] == found["macro_f1"] == found["lower"] == 1
    assert found["oos_recall"] == found["auroc"] == 1
    assert 0 < found["parse_p50_ms"] <= found["parse_p95_ms"]
    assert 16 < found["size_mb"] < 32 < found["peak_mb"]  # three tuned members of 7.2 MB each
