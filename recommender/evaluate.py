"""How good a ranking is, and what to hold out to find that out. Pure functions; k is 10 throughout the project."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pandas as pd

K = 10


def recall(ranked: Sequence[int], wanted: Collection[int], k: int = K) -> float:
    """Share of the wanted items that are among the first k."""
    return sum(item in wanted for item in ranked[:k]) / len(wanted)


def ndcg(ranked: Sequence[int], wanted: Collection[int], k: int = K) -> float:
    """Normalised discounted cumulative gain with binary relevance (Järvelin and Kekäläinen, TOIS 2002)."""
    gain = sum(1 / np.log2(place + 2) for place, item in enumerate(ranked[:k]) if item in wanted)
    return float(gain / sum(1 / np.log2(place + 2) for place in range(min(k, len(wanted)))))


def hit(ranked: Sequence[int], wanted: Collection[int], k: int = K) -> float:
    return float(any(item in wanted for item in ranked[:k]))


def coverage(lists: Iterable[Sequence[int]], catalogue_size: int, k: int = K) -> float:
    """Share of the catalogue that appears in anybody's first k."""
    return len({item for ranked in lists for item in ranked[:k]}) / max(catalogue_size, 1)


def leave_last_out(interactions: pd.DataFrame, new: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Splits off each user's last day of events, for users who have an earlier day.

    Returns what remains, and the held-out events; with `new`, only those whose item is new to their user.
    """
    day = pd.to_datetime(interactions["at"], utc=True).dt.floor("D")
    last, first = day.groupby(interactions["user"]).transform("max"), day.groupby(interactions["user"]).transform("min")
    out = (day == last) & (first < last)
    kept, held = interactions[~out], interactions[out]
    if not new:
        return kept, held
    known = pd.MultiIndex.from_frame(kept[["user", "item"]])
    return kept, held[~pd.MultiIndex.from_frame(held[["user", "item"]]).isin(known)]
