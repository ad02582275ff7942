"""Splits to measure on: train, valid, test and items as .csv.gz, and what is asked of a recommender there.

`user,item,pos[,invoice,ts,qty]`, one row an interaction, `ts` in thousands of seconds; `item,title,tags,text`. Folders whose names end
in `_basket` ask for all of the next basket, others only for what is new to the user. `cold_items.txt` and `cold_users.csv.gz` may be
missing, as may `ts`: then `pos` orders the rows, `APART` days from one to the next, and everybody's newest row is of the same day.
Without `pos` the order of the file counts. `kind` and `value` (see KIND_WEIGHT) are read where they are there; a row is a purchase
otherwise. A split without valid.csv.gz takes everybody's last row of train for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from recommender.dataset import Dataset
from recommender.encoder import Encoder
from recommender.pool import Case, cases, shortened
from recommender.query import DAY

NOW = 1_000_000_000  # Unix seconds of everybody's newest row where a split has no times
APART = 40  # days between two rows where a split has no times: about as far apart as a customer's visits to a shop
PSEUDO_COLD = 0.1  # share of the other items that are held out to tune what ranks cold items


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
    """Raises SystemExit, naming the file, where the split cannot be read."""
    items = _table(folder / "items.csv.gz", "item").fillna("").drop_duplicates("item", ignore_index=True)
    items["text"] = items["text"] if "text" in items else items["title"] if "title" in items else items["item"]
    number = {item: k for k, item in enumerate(items["item"])}
    raw = _parts(folder)
    everything = pd.concat(raw.values())
    users = {user: k for k, user in enumerate(pd.unique(everything["user"]))}
    last = everything.groupby("user")["pos"].max()
    parts = {}
    for part, rows in raw.items():
        rows = rows[rows["item"].isin(number)]
        seconds = rows["ts"] * 1000 if "ts" in rows else NOW + (rows["pos"] - rows["user"].map(last)) * int(APART * DAY)
        kind = rows.get("kind", "purchase")
        value = rows["value"].astype(float) if "value" in rows else np.nan
        columns = {"user": rows["user"].map(users), "item": rows["item"].map(number), "kind": kind, "value": value}
        parts[part] = pd.DataFrame({**columns, "at": pd.to_datetime(seconds, unit="s", utc=True)})
    columns = {name: items[name] for name in ("title", "tags") if name in items}
    catalogue = pd.DataFrame({"item": range(len(items)), "sku": items["item"], **columns, "text": items["text"]})
    cold = folder / "cold_items.txt"
    named = [number[item] for item in cold.read_text().split() if item in number] if cold.exists() else []
    folds = pd.Series(dtype="int64")
    if (folder / "cold_users.csv.gz").exists():
        table = pd.read_csv(folder / "cold_users.csv.gz", dtype={"user": str})
        folds = pd.Series(table["fold"].to_numpy(), index=table["user"].map(users))
    vectors = encoder.encode(list(items["text"]), keep=True)
    return Split(folder.name, catalogue, vectors, parts, np.array(named, np.int64), folds)


def _table(path: Path, *needed: str) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"user": str, "item": str, "title": str, "tags": str, "text": str})
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path} cannot be read: {error}") from error
    if missing := [name for name in needed if name not in table]:
        raise SystemExit(f"{path} has no column {', '.join(missing)}; it has {', '.join(table.columns)}")
    return table


def _parts(folder: Path) -> dict[str, pd.DataFrame]:
    """train, valid and test, each row with its `pos`."""
    names = ("train", "valid", "test") if (folder / "valid.csv.gz").exists() else ("train", "test")
    raw = {part: _table(folder / f"{part}.csv.gz", "user", "item") for part in names}
    if any("pos" not in rows for rows in raw.values()):
        order = pd.concat(raw.values()).groupby("user").cumcount().to_numpy()
        ends = np.cumsum([len(rows) for rows in raw.values()])
        raw = {part: rows.assign(pos=pos) for (part, rows), pos in zip(raw.items(), np.split(order, ends[:-1]), strict=True)}
    if "valid" not in raw:
        newest = raw["train"].groupby("user")["pos"].transform("max") == raw["train"]["pos"]
        out = newest & (raw["train"].groupby("user")["pos"].transform("min") < raw["train"]["pos"])
        raw = {"train": raw["train"][~out], "valid": raw["train"][out], "test": raw["test"]}
    return raw


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
    """Items that nobody had yet: no row of theirs is trained on, and all that their customers ever did with them is to be found, from what
    else they had. Ranked among themselves or over the catalogue. On valid, other items play the cold ones."""
    cold = split.cold
    if part == "valid":
        others = np.setdiff1d(np.arange(len(split.items)), cold)
        cold = np.sort(np.random.default_rng(0).choice(others, max(int(PSEUDO_COLD * len(others)), 1), replace=False))
    hidden = np.union1d(cold, split.cold)
    data = split.data(_before(part), lambda rows: ~rows["item"].isin(hidden))
    wanted = split.data([*_before(part), part], lambda rows: rows["item"].isin(cold))
    goals = wanted.events.groupby("user")["column"].agg(frozenset)
    last = split.data([*_before(part), part])
    found = [replace(case, wanted=goals[case.user]) for case in cases(data, last, goals.index.to_numpy()) if case.user in goals.index]
    return Task(data, found, cold if among else None)


def cold_users(split: Split, part: str, fold: int, events: int) -> Task:
    """Customers of whom only the last `events` rows are known; nothing of theirs is trained on, and nothing they have is to be found."""
    ours = split.folds.index[split.folds == fold]
    data, held = split.data(_before(part), lambda rows: ~rows["user"].isin(ours)), split.data([part], lambda rows: rows["user"].isin(ours))
    before = split.data(_before(part), lambda rows: rows["user"].isin(ours))
    shown = replace(before, interactions=before.interactions.groupby("user").tail(max(events, 1)))
    owned = before.events.groupby("user")["column"].agg(lambda columns: np.unique(columns))
    found = [shortened(case, events) for case in cases(shown, held, held.users, split.again)]
    hidden = [case if split.again else replace(case, owned=owned[case.user]) for case in found]
    return Task(data, _unowned(hidden))


def _before(part: str) -> list[str]:
    return ["train"] if part == "valid" else ["train", "valid"]


def _unowned(found: list[Case]) -> list[Case]:
    """What the customer has is nothing to be found, where it may not be recommended."""
    reduced = [replace(case, wanted=case.wanted - set(case.owned.tolist())) for case in found]
    return [case for case in reduced if case.wanted]
