"""Splits to measure on: train, valid, test and items as .csv.gz, and what is asked of a recommender there.

`user,item,pos[,invoice,ts,qty]`, one row an interaction, `ts` in thousands of seconds; `item,title,tags,text`. Folders whose names end
in `_basket` ask for all of the next basket, others only for what is new to the user. `cold_items.txt` and `cold_users.csv.gz` may be
missing, as may `ts`: then `pos` orders the rows, a day apart, and everybody's newest row is of the same day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from recommender.dataset import Dataset
from recommender.encoder import Encoder
from recommender.pool import Case, cases
from recommender.query import DAY

NOW = 1_000_000_000  # Unix seconds of everybody's newest row where a split has no times


@dataclass(frozen=True, eq=False)
class Split:
    """`parts`: train, valid and test as interactions (user and item as numbers). `cold` (items,) positions; `folds`: user -> fold."""

    name: str
    items: pd.DataFrame
    vectors: np.ndarray
    parts: dict[str, pd.DataFrame]
    cold: np.ndarray
    folds: pd.Series

    @property
    def again(self) -> bool:
        return self.name.endswith("_basket")

    def data(self, parts: Sequence[str], keep=None) -> Dataset:
        """The named parts' rows, of which `keep` (a mask of a table of them) may take some."""
        rows = pd.concat([self.parts[part] for part in parts], ignore_index=True)
        rows = rows if keep is None else rows[keep(rows)]
        return Dataset(self.items, rows.sort_values("at", kind="stable", ignore_index=True), self.vectors)


def load(folder: Path, encoder: Encoder) -> Split:
    items = pd.read_csv(folder / "items.csv.gz", dtype=str).fillna("")
    number = {item: k for k, item in enumerate(items["item"])}
    raw = {part: pd.read_csv(folder / f"{part}.csv.gz", dtype={"user": str, "item": str}) for part in ("train", "valid", "test")}
    everything = pd.concat(raw.values())
    users = {user: k for k, user in enumerate(pd.unique(everything["user"]))}
    last = everything.groupby("user")["pos"].max()
    parts = {}
    for part, rows in raw.items():
        seconds = rows["ts"] * 1000 if "ts" in rows else NOW + (rows["pos"] - rows["user"].map(last)) * int(DAY)
        columns = {"user": rows["user"].map(users), "item": rows["item"].map(number), "kind": "purchase", "value": np.nan}
        parts[part] = pd.DataFrame({**columns, "at": pd.to_datetime(seconds, unit="s", utc=True)})
    columns = {name: items[name] for name in ("title", "tags") if name in items}
    catalogue = pd.DataFrame({"item": range(len(items)), **columns, "text": items["text"]})
    cold = folder / "cold_items.txt"
    named = [number[item] for item in cold.read_text().split() if item in number] if cold.exists() else []
    folds = pd.Series(dtype="int64")
    if (folder / "cold_users.csv.gz").exists():
        table = pd.read_csv(folder / "cold_users.csv.gz", dtype={"user": str})
        folds = pd.Series(table["fold"].to_numpy(), index=table["user"].map(users))
    vectors = encoder.encode(list(items["text"]), keep=True)
    return Split(folder.name, catalogue, vectors, parts, np.array(named, np.int64), folds)


@dataclass(frozen=True, eq=False)
class Task:
    """What one row of a table measures: fit on `data`, answer `cases` among `candidates` (None: the catalogue)."""

    data: Dataset
    cases: list[Case]
    candidates: np.ndarray | None = None


def warm(split: Split, part: str) -> Task:
    """The next visit of customers with a history."""
    data, held = split.data(_before(part)), split.data([part])
    return Task(data, _unowned(cases(data, held, held.users, split.again)))


def cold_items(split: Split, part: str, among: bool) -> Task:
    """Items that nobody had yet: no row of theirs is trained on. Ranked among themselves or over the catalogue."""
    data, held = split.data(_before(part), lambda rows: ~rows["item"].isin(split.cold)), split.data([part])
    wanted = replace(held, interactions=held.interactions[held.interactions["item"].isin(split.cold)])
    known = split.data(_before(part))
    had = known.events.groupby("user")["column"].agg(set)
    found = []
    for case, user in zip(cases(data, wanted, wanted.users), _users(data, wanted), strict=True):
        goal = case.wanted - had.get(user, set())
        if goal:
            found.append(replace(case, wanted=frozenset(goal), owned=np.array(sorted(had.get(user, set())))))
    return Task(data, found, split.cold if among else None)


def cold_users(split: Split, part: str, fold: int, events: int) -> Task:
    """Customers of whom only the last `events` rows are known; nothing of theirs is trained on."""
    ours = split.folds.index[split.folds == fold]
    data, held = split.data(_before(part), lambda rows: ~rows["user"].isin(ours)), split.data([part], lambda rows: rows["user"].isin(ours))
    before = split.data(_before(part), lambda rows: rows["user"].isin(ours))
    shown = replace(before, interactions=before.interactions.groupby("user").tail(events))
    owned = before.events.groupby("user")["column"].agg(lambda columns: np.unique(columns))
    found = cases(shown, held, held.users, split.again)
    users = _users(shown, held)
    hidden = [case if split.again else replace(case, owned=owned[user]) for case, user in zip(found, users, strict=True)]
    return Task(data, _unowned(hidden))


def _before(part: str) -> list[str]:
    return ["train"] if part == "valid" else ["train", "valid"]


def _users(data: Dataset, held: Dataset) -> np.ndarray:
    """In the order in which `cases` goes through them."""
    return np.intersect1d(data.events["user"], held.events["user"])


def _unowned(found: list[Case]) -> list[Case]:
    """What the customer has is nothing to be found, where it may not be recommended."""
    reduced = [replace(case, wanted=case.wanted - set(case.owned.tolist())) for case in found]
    return [case for case in reduced if case.wanted]
