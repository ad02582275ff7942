"""What a customer bought before and is likely to choose again on their next visit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from recommender.contract import Ask
from recommender.query import query_of
from recommender.serving import Serving


@dataclass(frozen=True)
class Repurchase:
    """`probability` that the item is chosen again on the next visit, as the scorer `due` learned it; `times` it was bought, the last
    `days` ago."""

    item: int
    probability: float
    times: int
    days: float


def repurchases(serving: Serving, ask: Ask, encode: Callable[[str], np.ndarray]) -> list[Repurchase]:
    """Of what is still sold, the likeliest first, at most `ask.n`; nothing before anything is trained. Only purchases count: what was
    looked at again and again is no repurchase."""
    scorer = serving.blend.scorers.get("due")
    if scorer is None:
        return []
    bought = [event for event in ask.history if event.kind == "purchase"]
    query = query_of(replace(ask, history=bought, exclude_bought=False), serving.data, encode)
    likely, active = scorer.score(query), serving.data.items["active"].to_numpy()
    found = [
        Repurchase(int(serving.data.ids[position]), float(likely[position]), int(query.times[k]), float(query.ages[k]))
        for k, position in enumerate(query.positions)
        if active[position] and likely[position] > 0
    ]
    return sorted(found, key=lambda one: (-one.probability, one.item))[: ask.n]
