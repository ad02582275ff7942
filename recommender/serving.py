"""Everything one answer is made from, as it was at one moment. Replaced as a whole, so that an answer never mixes two states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from recommender import trees
from recommender.blend import BUCKETS, Blend, Weights, confidence
from recommender.chance import chance
from recommender.choose import Articles
from recommender.contract import Rule
from recommender.dataset import Alignment, Dataset
from recommender.feedback import Seen
from recommender.filters import Table
from recommender.index import Exact, VectorIndex
from recommender.later import Later
from recommender.rerank import Policy
from recommender.rules import Rules, compiled
from recommender.scorers import FURTHER, SCORERS, made
from recommender.search import SearchIndex
from recommender.versions import NoModel

IsWord = Callable[[str], bool]  # whether a word is English, whatever the catalogue says
LIVE = ("price", "stock", "active")


@dataclass(frozen=True, eq=False)
class Serving:
    """`data.interactions` is empty: scorers are restored from `model` (arrays and description of a trained version)."""

    data: Dataset
    table: Table
    articles: Articles
    blend: Blend
    index: SearchIndex  # made on first use, for recommending can begin without it
    model: str | None  # the version's name; None: untrained, content and popularity only
    nearest: VectorIndex
    whole: Serving | None = None  # for the part of a large catalogue that one question needs: the state it is of
    policy: Policy = field(default_factory=Policy)
    rules: Rules | None = None  # None: the merchant has none
    seen: Seen | None = None  # how what was shown was taken; None: not looked at

    @property
    def size(self) -> int:
        return len(self.data.items)


def trained(
    catalogue: Dataset, name: str, arrays: Mapping[str, np.ndarray], description: Mapping[str, Any], is_word: IsWord | None = None
) -> Serving:
    """From a trained version. Raises NoModel when it does not have what its scorers need."""
    return _serving(catalogue, restored(catalogue, name, arrays, description), name, is_word)


def restored(catalogue: Dataset, name: str, arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]) -> Blend:
    """The scorers of a trained version and their weights. Raises NoModel as `trained` does."""
    try:
        scorers = {}
        for scorer in description["scorers"]:
            state = {key.split("/", 1)[1]: value for key, value in arrays.items() if key.startswith(f"{scorer}/")}
            scorers[scorer] = made(scorer).restore(state, catalogue)
        grown = {key.removeprefix("trees/"): value for key, value in arrays.items() if key.startswith("trees/")}
        ranker = trees.restored(grown) if grown else None
        support = Alignment(arrays["items"], catalogue.ids).live(arrays["support"].astype(np.float32))
        weights, again, rare, again_rare = (_checked(description[name]) for name in ("weights", "again", "rare", "again_rare"))
    except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
        raise NoModel(f"the model {name} does not fit this program ({error}); run: shopkeeper train --force") from error
    return Blend(scorers, confidence(support), weights, again, rare, again_rare, ranker, chance(support))


def untrained(data: Dataset, is_word: IsWord | None = None) -> Serving:
    """Without a model: content and popularity, which need no training worth the name."""
    names = ("content", "terms", "category", "popularity", "trending", "fresh", "habit", "interest", "text")
    blend = Blend({name: SCORERS[name]().fit(data) for name in names}, confidence(data.support))
    return _serving(data, blend, None, is_word)


def with_live(serving: Serving, live: pd.DataFrame) -> Serving:
    """The same catalogue with the prices, stock and state of `live`; an item that is not there any more is not active."""
    items = serving.data.items.copy(deep=False)
    found = live.set_index("item").reindex(items["item"])
    gone = found["active"].isna().to_numpy()
    for name in LIVE:
        fallback = False if name == "active" else 0
        items[name] = np.where(gone, fallback, found[name].to_numpy()).astype(bool if name == "active" else np.int64)
    return replace(serving, data=replace(serving.data, items=items), table=serving.table.with_live(items))


def under_rules(serving: Serving, rules: Sequence[Rule]) -> Serving:
    return replace(serving, rules=compiled(rules, serving.table, serving.articles) if rules else None)


def _serving(data: Dataset, blend: Blend, model: str | None, is_word: IsWord | None) -> Serving:
    index = Later(lambda: SearchIndex(data.items, data.vectors, is_word or (lambda word: False)))
    return Serving(data, Table(data.items), Articles(data.items), blend, index, model, Exact(data.vectors))


def _checked(described: list[Mapping[str, Any]]) -> tuple[Weights, ...]:
    if len(described) != len(BUCKETS):
        raise ValueError(f"{len(described)} sets of weights instead of {len(BUCKETS)}")
    if strange := {name for weights in described for name in weights} - {*SCORERS, *FURTHER}:
        raise ValueError(f"weights for {', '.join(sorted(strange))}, which are no scorers")
    return tuple({name: float(weight) for name, weight in weights.items()} for weights in described)
