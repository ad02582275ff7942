"""Groups messages by meaning, so that forty messages with one cause are one task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NEAR = 0.25  # cosine distance below which two messages may be of one cluster however sparse their surroundings are


@dataclass(frozen=True)
class Cluster:
    """Indices of its messages, the most central first."""

    members: list[int]


def clusters(vectors: Sequence[np.ndarray | None]) -> list[Cluster]:
    """HDBSCAN (Campello, Moulavi, Sander: Density-Based Clustering Based on Hierarchical Density Estimates, PAKDD 2013) over unit vectors.
    The largest cluster first; a message near no other, or without a vector, is one of its own."""
    known = [k for k, vector in enumerate(vectors) if vector is not None and vector.any()]
    found: dict[int, list[int]] = {}
    if len(known) >= 2:
        from sklearn.cluster import HDBSCAN  # takes seconds to load: not at the start of the web process

        points = np.stack([vectors[k] for k in known])
        points = points / np.linalg.norm(points, axis=1, keepdims=True)
        # For unit vectors the squared Euclidean distance is twice the cosine distance.
        labels = HDBSCAN(
            min_cluster_size=2, allow_single_cluster=True, cluster_selection_epsilon=float(np.sqrt(2 * NEAR)), copy=True
        ).fit_predict(points)
        for label in sorted(set(labels) - {-1}):
            rows = np.flatnonzero(labels == label)
            nearness = points[rows] @ points[rows].mean(axis=0)
            found[label] = [known[rows[k]] for k in np.argsort(-nearness, kind="stable")]
    grouped = {k for members in found.values() for k in members}
    alone = [[k] for k in range(len(vectors)) if k not in grouped]
    return [Cluster(members) for members in sorted([*found.values(), *alone], key=lambda members: (-len(members), members[0]))]
