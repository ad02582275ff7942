"""What the shop wants besides accuracy: variety, new products, margin and stock, each a setting and each a visible share of the score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.filters import Table

FRESH_DAYS = 30.0  # by which a product's newness halves
POOL = 200  # articles that compete for a varied list
DAY = 86_400.0


@dataclass(frozen=True)
class Policy:
    """`diversity`, `freshness`, `margin`, `stock` in [0, 1]: the most each can move an item, as a share of the best item's score.
    `explore`: how many of the last positions of a page of recommendations, `page` long, try out what comes further down."""

    diversity: float = 0.0
    freshness: float = 0.0
    margin: float = 0.0
    stock: float = 0.0
    explore: int = 0
    page: int = 5

    @property
    def terms(self) -> dict[str, float]:
        """The terms that are worked out for each item by itself, where they count."""
        return {name: value for name in ("freshness", "margin", "stock") if (value := getattr(self, name)) > 0}


def value(name: str, table: Table, at: float) -> np.ndarray:
    """(n_items,) in [0, 1]. What the catalogue does not know of an item counts as average. `at`: Unix seconds."""
    return {"freshness": _freshness, "margin": _margin, "stock": _stock}[name](table, at)


def _freshness(table: Table, at: float) -> np.ndarray:
    days = np.maximum(at - table.created, 0.0) / DAY
    return np.nan_to_num(np.exp2(-days / FRESH_DAYS), nan=0.0).astype(np.float32)


def _margin(table: Table, at: float) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        margin = np.clip((table.price - table.cost) / table.price, 0.0, 1.0)
    known = np.isfinite(margin)
    return np.where(known, margin, margin[known].mean() if known.any() else 0.0).astype(np.float32)


def _stock(table: Table, at: float) -> np.ndarray:
    """On a logarithmic scale: the difference between 1 and 10 pieces matters more than that between 100 and 109."""
    pieces = np.log1p(np.maximum(table.items["stock"].to_numpy(float), 0.0))
    return (pieces / max(pieces.max(initial=0.0), 1e-9)).astype(np.float32)


def varied(
    ranked: list[int], total: np.ndarray, vectors: np.ndarray, weight: float, n: int, kept: np.ndarray
) -> tuple[list[int], list[float]]:
    """Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): of `ranked` the n that are good and unlike those before, and what
    each lost by its likeness to them. Items of the mask `kept` lose nothing."""
    if not ranked:
        return [], []
    pool = np.array(ranked)
    best = max(float(total[pool].max()), 1e-9)
    likeness = np.clip(vectors[pool] @ vectors[pool].T, 0.0, 1.0)
    closest, free = np.zeros(len(pool), np.float32), np.ones(len(pool), bool)
    chosen, lost = [], []
    for _ in range(min(n, len(pool))):
        penalty = np.where(kept[pool], 0.0, weight * best * closest)
        k = int(np.argmax(np.where(free, total[pool] - penalty, -np.inf)))
        chosen.append(int(pool[k]))
        lost.append(-float(penalty[k]))
        free[k] = False
        closest = np.maximum(closest, likeness[k])
    return chosen, lost
