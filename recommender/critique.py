""" "Less formal", "more colourful": a critique is a direction in the space of embeddings, along which items are more or less so.

Critiquing as in Chen and Pu, "Critiquing-based recommenders", UMUAI 22 (2012); the direction is that of the word's embedding, with the
catalogue's mean taken off, as concept directions are in Kim et al., ICML 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from recommender.contract import Critique

WEIGHT = 0.8  # of its own score: what an item that lies farthest along the direction gains


def lean(critiques: Sequence[Critique], vectors: np.ndarray, anchors: np.ndarray, encode: Callable[[str], np.ndarray]) -> np.ndarray:
    """(n_items,) in [-1, 1]: how far each item lies in the wished directions, seen from the items at `anchors` (from the catalogue's
    middle, when there are none). An item that lies on the other side is below 0: it is pushed away."""
    mean = vectors.mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1], np.float32)
    total = np.zeros(len(vectors), np.float32)
    for critique in critiques:
        direction = encode(critique.about) - mean
        along = (vectors - mean) @ (direction / max(float(np.linalg.norm(direction)), 1e-9))
        along = along - (along[anchors].mean() if len(anchors) else 0.0)
        total += (1.0 if critique.more else -1.0) * along / max(float(np.abs(along).max(initial=0.0)), 1e-9)
    return total / max(len(critiques), 1)
