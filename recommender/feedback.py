"""What became of what was shown: which impressions were taken up, what each position is worth, and what another policy would have won."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

LEAST = 0.02  # propensities below are raised to this: one lucky draw must not outweigh everything else
TAKEN_UP = {"click", "view", "cart", "purchase", "like"}
WINDOW = pd.Timedelta(days=1)  # after an impression, in which what the customer does with the product counts as taken up
ENOUGH = 50  # impressions a position needs before its worth is measured


@dataclass(frozen=True, eq=False)
class Seen:
    """(n_items,) each: how often an item was taken up, and passed over, when it was shown. A pass counts as much as its position is
    looked at."""

    clicks: np.ndarray
    passes: np.ndarray


def outcomes(impressions: pd.DataFrame, interactions: pd.DataFrame) -> pd.DataFrame:
    """`impressions` (customer, item, position, propensity, at) with the column `taken`: whether that customer did something with that item
    within a day. One act counts for the newest impression before it. `interactions`: user, item, kind, at."""
    shown = impressions.reset_index(drop=True).assign(taken=False)
    acts = interactions[interactions["kind"].isin(TAKEN_UP)].rename(columns={"user": "customer"})[["customer", "item", "at"]]
    if not len(shown) or not len(acts):
        return shown
    shown["row"] = shown.index
    merged = pd.merge_asof(
        acts.sort_values("at"),
        shown[["customer", "item", "at", "row"]].sort_values("at"),
        on="at",
        by=["customer", "item"],
        tolerance=WINDOW,
    )
    shown.loc[merged["row"].dropna().astype(int).unique(), "taken"] = True
    return shown.drop(columns="row")


def attention(shown: pd.DataFrame) -> dict[int, float]:
    """Position -> how much of the attention of the most looked at one it gets, from the share taken up there; each impression counts by the
    inverse of its propensity, so that a position is not blamed for what the policy liked to put there. Positions with too few impressions
    count as fully looked at."""
    rates = {}
    for position, rows in shown.groupby("position"):
        if len(rows) >= ENOUGH:
            weights = 1 / np.maximum(rows["propensity"].to_numpy(float), LEAST)
            rates[int(position)] = float(np.average(rows["taken"].to_numpy(float), weights=weights))
    best = max(rates.values(), default=0.0)
    return {position: max(rate / best, 0.05) for position, rate in rates.items()} if best > 0 else {}


def seen(shown: pd.DataFrame, position_of: dict[int, int], size: int) -> Seen:
    """What every item of a catalogue (`position_of`: item -> catalogue position) made of being shown."""
    clicks, passes, looked = np.zeros(size), np.zeros(size), attention(shown)
    columns = np.array([position_of.get(int(item), -1) for item in shown["item"]], np.int64)
    known, taken = columns >= 0, shown["taken"].to_numpy(bool)
    regard = np.array([looked.get(int(position), 1.0) for position in shown["position"]])
    np.add.at(clicks, columns[known & taken], 1.0)
    np.add.at(passes, columns[known & ~taken], regard[known & ~taken])
    return Seen(clicks, passes)


def value_of(shown: pd.DataFrame, probability: np.ndarray) -> float:
    """The share taken up that a policy would reach which shows each impression's item with `probability` where ours showed it with its
    propensity: self-normalised inverse propensity scoring (Swaminathan and Joachims, NIPS 2015)."""
    weights = probability / np.maximum(shown["propensity"].to_numpy(float), LEAST)
    return float((weights * shown["taken"].to_numpy(float)).sum() / max(weights.sum(), 1e-9))
