from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from recommender.contract import Query
from recommender.dataset import Dataset
from recommender.encoder import Encoder

START = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = {"brand": "", "category": "", "colour": "", "size": "", "material": "", "tags": "", "description": ""}


@pytest.fixture(scope="session")
def encoder(encoder_folder) -> Encoder:
    return Encoder(encoder_folder)


@pytest.fixture(scope="session")
def catalogue() -> Callable[..., pd.DataFrame]:
    """Items from dictionaries; what is not given has a plain default. Ids count from 100, so that no position passes for an id."""

    def make(*rows: dict) -> pd.DataFrame:
        full = []
        for k, row in enumerate(rows):
            item = row.get("item", 100 + k)
            given = {
                "item": item,
                "sku": f"S{item}",
                "group": f"g{item}",
                "title": f"Thing {item}",
                "price": 1000,
                "stock": 5,
                "active": True,
            }
            full.append({**TEXTS, **given, **row})
        return pd.DataFrame(full).assign(text=lambda table: table["title"])

    return make


@pytest.fixture(scope="session")
def dataset(catalogue) -> Callable[..., Dataset]:
    """From (user, item, kind, day) and the number of items; vectors are the unit vectors of the axes unless given."""

    def make(
        events: Sequence[tuple[int, int, str, float]], items: int | pd.DataFrame, vectors: np.ndarray | None = None, **more
    ) -> Dataset:
        table = catalogue(*({} for _ in range(items))) if isinstance(items, int) else items
        rows = sorted(events, key=lambda event: event[3])
        interactions = pd.DataFrame(
            {
                "user": pd.Series([user for user, *_ in rows], dtype="int64"),
                "item": pd.Series([item for _, item, *_ in rows], dtype="int64"),
                "kind": [kind for _, _, kind, _ in rows],
                "value": pd.Series([np.nan] * len(rows), dtype=float),
                "at": pd.to_datetime([START + timedelta(days=day) for *_, day in rows], utc=True),
            }
        )
        return Dataset(table, interactions, np.eye(len(table), dtype=np.float32) if vectors is None else vectors.astype(np.float32), **more)

    return make


@pytest.fixture(scope="session")
def query() -> Callable[..., Query]:
    """What somebody likes (catalogue positions), asked on a day."""

    def make(*positions: int, day: float = 100.0, weights=None, ages=None, text=None, interest=None, dim: int = 4) -> Query:
        size = len(positions)
        return Query(
            np.array(positions, np.int64),
            np.ones(size, np.float32) if weights is None else np.array(weights, np.float32),
            np.zeros(size, np.float32) if ages is None else np.array(ages, np.float32),
            np.zeros(dim, np.float32) if text is None else np.array(text, np.float32),
            np.zeros(dim, np.float32) if interest is None else np.array(interest, np.float32),
            (START + timedelta(days=day)).timestamp(),
        )

    return make
