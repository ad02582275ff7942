"""Everything one answer is made from, as it was at one moment. Replaced as a whole, so that an answer never mixes two states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from recommender.blend import AGAIN, BUCKETS, LEARNED, Blend, Weights, confidence
from recommender.choose import Articles
from recommender.dataset import Alignment, Dataset
from recommender.filters import Table
from recommender.index import Exact, VectorIndex
from recommender.scorers import SCORERS
from recommender.search import SearchIndex
from recommender.versions import NoModel

LIVE = ("price", "stock", "active")


@dataclass(frozen=True, eq=False)
class Serving:
    """`data.interactions` is empty: scorers are restored from `model` (arrays and description of a trained version)."""

    data: Dataset
    table: Table
    articles: Articles
    blend: Blend
    index: SearchIndex
    model: str | None  # the version's name; None: untrained, content and popularity only
    nearest: VectorIndex
    whole: Serving | None = None  # for the part of a large catalogue that one question needs: the state it is of

    @property
    def size(self) -> int:
        return len(self.data.items)


def trained(catalogue: Dataset, name: str, arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]) -> Serving:
    """From a trained version. Raises NoModel when it does not have what its scorers need."""
    try:
        scorers = {}
        for scorer, make in SCORERS.items():
            state = {key.split("/", 1)[1]: value for key, value in arrays.items() if key.startswith(f"{scorer}/")}
            scorers[scorer] = make().restore(state, catalogue)
        support = Alignment(arrays["items"], catalogue.ids).live(arrays["support"].astype(np.float32))
        weights, again = _checked(description["weights"], LEARNED), _checked(description["again"], AGAIN)
    except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
        raise NoModel(f"the model {name} does not fit this program ({error}); run: shopkeeper train --force") from error
    return _serving(catalogue, Blend(scorers, confidence(support), weights, again), name)


def untrained(data: Dataset) -> Serving:
    """Without a model: content and popularity, which need no training worth the name."""
    names = ("content", "terms", "category", "popularity", "trending", "fresh", "habit", "interest", "text")
    blend = Blend({name: SCORERS[name]().fit(data) for name in names}, confidence(data.support))
    return _serving(data, blend, None)


def with_live(serving: Serving, live: pd.DataFrame) -> Serving:
    """The same catalogue with the prices, stock and state of `live`; an item that is not there any more is not active."""
    items = serving.data.items.copy(deep=False)
    found = live.set_index("item").reindex(items["item"])
    gone = found["active"].isna().to_numpy()
    for name in LIVE:
        fallback = False if name == "active" else 0
        items[name] = np.where(gone, fallback, found[name].to_numpy()).astype(bool if name == "active" else np.int64)
    return replace(serving, data=replace(serving.data, items=items), table=serving.table.with_live(items))


def _serving(data: Dataset, blend: Blend, model: str | None) -> Serving:
    return Serving(data, Table(data.items), Articles(data.items), blend, SearchIndex(data.items, data.vectors), model, Exact(data.vectors))


def _checked(described: list[Mapping[str, Any]], names: Iterable[str]) -> tuple[Weights, ...]:
    if len(described) != len(BUCKETS):
        raise ValueError(f"{len(described)} sets of weights instead of {len(BUCKETS)}")
    return tuple({name: float(weights[name]) for name in names} for weights in described)
