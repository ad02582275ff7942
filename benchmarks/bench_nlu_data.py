"""Data sets of the understanding benchmark: reading them, and making one with few examples out of one with many."""

from __future__ import annotations

import csv
import random
import shutil
from pathlib import Path

Rows = list[tuple[str, str]]  # text, intent
TEXT, INTENT = ("text", "utterance", "sentence", "message"), ("intent", "label", "category", "class")


def rows(path: Path) -> Rows:
    """The file's rows that have a text and an intent; none if there is no file. Raises SystemExit for a file without such columns."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.reader(file, skipinitialspace=True)
        header = [name.strip().lower() for name in next(reader, [])]
        places = [next((header.index(name) for name in names if name in header), None) for names in (TEXT, INTENT)]
        if None in places:
            raise SystemExit(f"{path}: columns text and intent are wanted, found: {', '.join(header) or 'nothing'}")
        pairs = [tuple(" ".join(row[place].split()) for place in places) for row in reader if len(row) > max(places)]
    return [(text, intent) for text, intent in pairs if text and intent]


def few_of_each(folder: Path, target: Path, shots: int) -> bool:
    """Writes to `target` the data set with `shots` texts an intent to learn from, the same every time; False, and nothing, where there
    are fewer than twice as many an intent."""
    by_intent: dict[str, list[str]] = {}
    for text, intent in rows(folder / "train.csv"):
        by_intent.setdefault(intent, []).append(text)
    if sum(map(len, by_intent.values())) < 2 * shots * len(by_intent):
        return False
    rng = random.Random(7)
    target.mkdir(parents=True)
    with (target / "train.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "intent"))
        for intent, texts in sorted(by_intent.items()):
            writer.writerows((text, intent) for text in rng.sample(texts, min(shots, len(texts))))
    for name in ("test.csv", "oos_test.csv"):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, target / name)
    return True
