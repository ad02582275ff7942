"""How what was found spreads over attributes and prices, for narrowing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from recommender.choose import Articles
from recommender.filters import Table

ATTRIBUTES = ("category", "brand", "colour", "size", "material")
VALUES = 12  # of one facet at most
STEPS = (500, 1000, 2000, 5000, 10_000, 20_000, 50_000)  # minor units; where price bands end


def facets(table: Table, articles: Articles, found: np.ndarray) -> dict[str, Mapping[str, int]]:
    """Of the items of the mask: attribute -> value -> number of articles that have it, most first; `price` -> "0-500", "500-1000" ... in
    minor units, lowest first. An attribute with a single value narrows nothing and is left out."""
    rows = np.flatnonzero(found)
    items, codes = table.items, articles.code[rows]
    counted: dict[str, Mapping[str, int]] = {}
    for name in ATTRIBUTES:
        values = items[name].to_numpy(object)[rows]
        counts = Counter(str(value) for _, value in {(code, value) for code, value in zip(codes, values, strict=True)} if value)
        if len(counts) > 1:
            counted[name] = dict(counts.most_common(VALUES))
    edges = (0, *STEPS)
    bands = np.searchsorted(STEPS, table.price[rows], side="right")
    names = [f"{low}-{high}" for low, high in zip(edges, STEPS, strict=False)] + [f"{STEPS[-1]}-"]
    prices = Counter(band for _, band in set(zip(codes.tolist(), bands.tolist(), strict=True)))
    if len(prices) > 1:
        counted["price"] = {names[band]: prices[band] for band in sorted(prices)}
    return counted
