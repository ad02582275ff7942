"""Groups messages by meaning, so that forty messages with one cause are one task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

FAR = 0.35  # cosine to the middle of the others below which a message is not of their cluster
READING = 0.1  # how much the bot's reading counts beside the words
Reading = Mapping[str, float]
NEAR = 0.25  # cosine distance below which two messages may be of one cluster however sparse their surroundings are


@dataclass(frozen=True)
class Cluster:
    """Indices of its messages, the most central first."""

    members: list[int]


def clusters(vectors: Sequence[np.ndarray | None], readings: Sequence[Reading] = ()) -> list[Cluster]:
    """HDBSCAN (Campello, Moulavi, Sander: Density-Based Clustering Based on Hierarchical Density Estimates, PAKDD 2013) over unit vectors
    of meaning, to which the bot's readings (intent -> confidence of each message) add a tenth; what lies within NEAR of each other is one
    cluster (Malzer, Baum: A Hybrid Approach To Hierarchical Density-based Cluster Selection, 2020; scikit-learn's own way to it fails
    under newer versions of NumPy).

    The largest cluster comes first; a message near no other, or without a vector, is one of its own.
    """
    known = [k for k, vector in enumerate(vectors) if vector is not None and vector.any()]
    found: dict[int, list[int]] = {}
    if len(known) >= 2:
        from sklearn.cluster import HDBSCAN  # takes seconds to load: not at the start of the web process

        points = unit(np.stack([vectors[k] for k in known]))
        if readings:
            points = np.hstack([np.sqrt(1 - READING) * points, np.sqrt(READING) * profiles([readings[k] for k in known])])
        found_by_density = HDBSCAN(min_cluster_size=2, copy=True).fit(points)
        # For unit vectors the squared Euclidean distance is twice the cosine distance.
        near = found_by_density.dbscan_clustering(float(np.sqrt(2 * NEAR)), min_cluster_size=2)
        labels = larger(found_by_density.labels_, near)
        for label in sorted(set(labels) - {-1}):
            rows = without_strangers(points, np.flatnonzero(labels == label))
            nearness = points[rows] @ points[rows].sum(axis=0)
            found[label] = [known[rows[k]] for k in np.argsort(-nearness, kind="stable")]
    found = {label: members for label, members in found.items() if members}
    grouped = {k for members in found.values() for k in members}
    alone = [[k] for k in range(len(vectors)) if k not in grouped]
    return [Cluster(members) for members in sorted([*found.values(), *alone], key=lambda members: (-len(members), members[0]))]


def without_strangers(points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Of a cluster's rows those that lie towards the middle of the others; among few messages density alone takes in what is merely less
    far away than the rest."""
    while len(rows) > 1:
        members = points[rows]
        nearness = (members * unit(members.sum(axis=0) - members)).sum(axis=1)
        if nearness.min() >= FAR:
            return rows
        rows = np.delete(rows, nearness.argmin())
    return rows[:0]


def profiles(readings: Sequence[Reading]) -> np.ndarray:
    """(messages, intents): a unit vector each, whose products are the overlap of two readings (Bhattacharyya's coefficient)."""
    place = {name: k for k, name in enumerate(sorted({name for reading in readings for name in reading} - {"nlu_fallback"}))}
    found = np.zeros((len(readings), max(len(place), 1)))
    for row, reading in zip(found, readings, strict=True):
        for name, confidence in reading.items():
            if name in place:
                row[place[name]] = max(confidence, 0.0) ** 0.5
    return unit(found)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def larger(labels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n,) labels by which each is in the larger of its two clusters; -1: in none. Both labellings are cuts of one tree, so that of two
    clusters which share a member one holds the other."""
    offset = labels.max(initial=-1) + 1
    others = np.where(others < 0, -1, others + offset)
    sizes = dict(zip(*np.unique(np.concatenate([labels, others]), return_counts=True), strict=True)) | {-1: 0}
    return np.array([one if sizes[one] >= sizes[other] else other for one, other in zip(labels, others, strict=True)])
