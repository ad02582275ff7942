"""A made-up shop of any size for measuring speed: items in clusters, popularity with a long tail, customers who keep to few clusters."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from recommender.dataset import Dataset

DIM = 384
DAYS = 365.0
END = datetime(2026, 6, 1, tzinfo=UTC)
TAIL = 0.8  # exponent of the popularity's power law
LOYALTY = 0.8  # share of a customer's events in their own clusters
PER_CLUSTER = 100  # items, about
NEAR = 0.8  # length of an item's own part beside its cluster's, which makes two of a cluster about 0.6 alike
THINGS = [
    "lamp",
    "mug",
    "bowl",
    "vase",
    "throw",
    "cushion",
    "shelf",
    "chair",
    "kettle",
    "candle",
    "basket",
    "clock",
    "mirror",
    "rug",
    "tray",
]
STUFFS = [
    "linen",
    "oak",
    "brass",
    "cotton",
    "wool",
    "glass",
    "steel",
    "clay",
    "paper",
    "slate",
    "wicker",
    "marble",
    "cork",
    "copper",
    "felt",
]
COLOURS = ["white", "black", "blue", "green", "grey", "red", "natural", "yellow"]
BRANDS = 200


def shop(items: int, customers: int, interactions: int, seed: int = 1, dim: int = DIM) -> Dataset:
    """A Dataset with that many rows. Item ids count from 1 in catalogue order, customer ids from 1; the same seed gives the same shop."""
    random = np.random.default_rng(seed)
    clusters = max(items // PER_CLUSTER, 2)
    cluster = np.sort(random.integers(0, clusters, items))
    return Dataset(_catalogue(random, cluster), _interactions(random, cluster, customers, interactions), _vectors(random, cluster, dim))


def _vectors(random: np.random.Generator, cluster: np.ndarray, dim: int) -> np.ndarray:
    """Unit vectors around their cluster's centre; centres stand around those of ten wide families."""
    families = _unit(random.standard_normal((10, dim), np.float32))
    centres = _unit(
        families[random.integers(0, 10, cluster.max() + 1)] + _unit(random.standard_normal((cluster.max() + 1, dim), np.float32))
    )
    vectors = np.empty((len(cluster), dim), np.float32)
    for start in range(0, len(cluster), 50_000):  # in pieces, which keeps memory near the result's own size
        part = cluster[start : start + 50_000]
        vectors[start : start + len(part)] = _unit(centres[part] + NEAR * _unit(random.standard_normal((len(part), dim), np.float32)))
    return vectors


def _catalogue(random: np.random.Generator, cluster: np.ndarray) -> pd.DataFrame:
    size = len(cluster)
    ids = np.arange(1, size + 1)
    number = pd.Series(ids).astype(str)
    thing, stuff = np.array(THINGS)[cluster % len(THINGS)], np.array(STUFFS)[random.integers(0, len(STUFFS), size)]
    colour, brand = np.array(COLOURS)[random.integers(0, len(COLOURS), size)], random.integers(0, BRANDS, size)
    family = pd.Series(cluster).astype(str)
    frame = {
        "item": ids,
        "sku": "S" + number,
        "group": "g" + pd.Series(ids // 2 * 2).astype(str),  # every article has about two variants
        "title": pd.Series(stuff) + " " + thing + " range " + family + " model " + (pd.Series(ids // 2).astype(str)),
        "description": pd.Series(["for the home, made with care"]).repeat(size).array,
        "brand": "Brand " + pd.Series(brand).astype(str),
        "category": "Home > Room " + (pd.Series(cluster % 50)).astype(str) + " > Range " + family,
        "price": np.maximum(np.round(np.exp(random.normal(7.5, 0.8, size))), 50).astype(np.int64),
        "stock": (random.random(size) < 0.95) * random.integers(1, 50, size),
        "colour": colour,
        "size": "",
        "material": stuff,
        "tags": "",
        "active": True,
        "updated_at": pd.Timestamp(END),
    }
    table = pd.DataFrame(frame)
    return table.assign(text=table["title"] + ". " + table["category"])


def _interactions(random: np.random.Generator, cluster: np.ndarray, customers: int, count: int) -> pd.DataFrame:
    """Each customer has a few clusters and visits on a few days; within a cluster, and outside, the popular is chosen more often."""
    size, clusters = len(cluster), int(cluster.max()) + 1
    popularity = random.permutation((1.0 + np.arange(size)) ** -TAIL)
    user = np.sort(random.zipf(2.0, count) * 7919 % customers if customers > count else random.integers(0, customers, count))
    own = random.integers(0, clusters, (customers, 3))
    wanted = own[user, random.integers(0, 3, count)]
    inside = random.random(count) < LOYALTY
    edges = np.concatenate([[0.0], np.cumsum(popularity)])
    first, last = np.searchsorted(cluster, wanted), np.searchsorted(cluster, wanted, side="right")
    low, high = np.where(inside, edges[first], 0.0), np.where(inside, edges[last], edges[-1])
    item = np.clip(np.searchsorted(edges, low + random.random(count) * np.maximum(high - low, 1e-12), side="right") - 1, 0, size - 1)
    visit = random.integers(0, 5, count)
    day = (np.random.default_rng(user[0] + 5).random((customers, 5)) * DAYS)[user, visit] + random.random(count) / 50
    kinds = np.array(["purchase", "view", "cart", "like"])[random.choice(4, count, p=[0.4, 0.4, 0.15, 0.05])]
    at = pd.Timestamp(END) - pd.to_timedelta(DAYS - day, unit="D")
    frame = pd.DataFrame({"user": user + 1, "item": item + 1, "kind": kinds, "value": np.nan, "at": at.as_unit("us")})
    return frame.sort_values("at", kind="stable").reset_index(drop=True)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
