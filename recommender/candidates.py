"""Large catalogues: every source proposes candidates, and only those are filtered, scored, blended and explained, exactly.

What is left of the serving state for one question is a serving state itself, of a small catalogue, so that everything else is written
once. A scorer's scale (its best item's score) is kept, because its best items are among the candidates whatever the constraints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from recommender.blend import Weights
from recommender.content import Likeness
from recommender.contract import BEST, Ask, Query, Scorer, leading, score_at
from recommender.dataset import Dataset
from recommender.filters import Table, loosening, mask
from recommender.serving import Serving

FROM = 20_000  # items; in a smaller catalogue every item is a candidate
EACH = 64  # candidates of each source that satisfy the constraints, at least; beside them its BEST whatever the constraints
FEW = 500  # items that satisfy the constraints and are all scored
WHOLE = "whole"  # under which a part's query keeps itself in the terms of the whole catalogue


def narrowed(serving: Serving, ask: Ask, query: Query, weights: Weights) -> tuple[Serving, Query]:
    """The serving state with the items that can matter for this question, and the query in its terms: the candidates of all scorers
    that `weights` names, with their variants, and what the customer had. Everything, where the catalogue is small."""
    if serving.size <= FROM or serving.whole is not None:
        return serving, query
    allowed = _allowed(serving, ask)
    sources = [serving.blend.scorers[name] for name, weight in weights.items() if weight > 0 and name in serving.blend.scorers]
    new = np.ones(serving.size, bool)
    new[query.positions] = query.again
    wishes = [wish for scorer in sources if isinstance(scorer, Likeness) and (wish := scorer.wish(query)).any()]
    each = max(EACH, ask.n)
    found = [leading(scorer, query, each, allowed, new) for scorer in sources if not isinstance(scorer, Likeness)]
    found += _near(serving, wishes, BEST)
    found += [np.flatnonzero(allowed)] if np.count_nonzero(allowed) <= FEW else _near(serving, wishes, each, allowed)
    candidates = np.zeros(serving.size, bool)
    candidates[serving.articles.variants(np.concatenate(found))] = True
    candidates[query.positions] = True
    for positions in serving.rules.pinned if serving.rules else ():
        candidates[positions] = True
    at = np.flatnonzero(candidates)
    narrow = replace(query, positions=np.searchsorted(at, query.positions))
    narrow.worked_out[WHOLE] = query
    return _part(serving, at), narrow


def _allowed(serving: Serving, ask: Ask) -> np.ndarray:
    """Mask of what the first constraints leave that leave anything, without what the customer has or points at."""
    known = serving.data.position
    had = [known[event.item] for event in ask.history if event.kind == "purchase" and event.item in known] if ask.exclude_bought else []
    hidden = serving.articles.variants(np.array(had + [known[item] for item in ask.like if item in known], np.int64))
    for _, constraints in loosening(ask.constraints):
        allowed = mask(serving.table, constraints)
        allowed[hidden] = False
        if allowed.any():
            break
    return allowed


def _near(serving: Serving, wishes: Sequence[np.ndarray], k: int, allowed: np.ndarray | None = None) -> list[np.ndarray]:
    return serving.nearest.search(np.stack(wishes), k, allowed) if wishes else []


def _part(serving: Serving, at: np.ndarray) -> Serving:
    blend = serving.blend
    data = Dataset(_Rows(serving.data.items, at), serving.data.interactions, serving.data.vectors[at])
    data.__dict__["ids"] = serving.data.ids[at]
    scorers = {name: _Part(scorer, at) for name, scorer in blend.scorers.items()}
    scorers |= {name: scorer.part(data.vectors, at) for name, scorer in blend.scorers.items() if isinstance(scorer, Likeness)}
    return replace(
        serving,
        data=data,
        table=_PartOfTable(data.items, serving.table, at),
        articles=serving.articles.part(at),
        blend=replace(blend, scorers=scorers, confidence=blend.confidence[at], chance=blend.chance and blend.chance.part(at)),
        rules=serving.rules and serving.rules.part(at),
        seen=serving.seen and replace(serving.seen, clicks=serving.seen.clicks[at], passes=serving.seen.passes[at]),
        whole=serving,
    )


class _Rows:
    """Some rows of the catalogue, of which each column is taken when it is read: most are not."""

    def __init__(self, items: pd.DataFrame, at: np.ndarray) -> None:
        self._items, self._at = items, at

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, column: str) -> bool:
        return column in self._items

    def __getitem__(self, column: str) -> pd.Series:
        return self._items[column].iloc[self._at]

    def __getattr__(self, name: str):
        return getattr(self._items.iloc[self._at], name)


@dataclass(frozen=True, eq=False)
class _Part:
    """A scorer that answers for the items at some positions `at` of the whole catalogue, in ascending order."""

    whole: Scorer
    at: np.ndarray

    @property
    def name(self) -> str:
        return self.whole.name

    def score(self, query: Query) -> np.ndarray:
        return score_at(self.whole, self._wide(query), self.at)

    def evidence(self, query: Query, position: int) -> int | None:
        found = self.whole.evidence(self._wide(query), int(self.at[position]))
        return None if found is None else int(np.searchsorted(self.at, found))

    def _wide(self, query: Query) -> Query:
        if WHOLE not in query.worked_out:
            query.worked_out[WHOLE] = replace(query, positions=self.at[query.positions])
        return query.worked_out[WHOLE]


@dataclass(frozen=True, eq=False)
class _PartOfTable(Table):
    whole: Table
    at: np.ndarray

    @cached_property
    def price(self) -> np.ndarray:
        return self.whole.price[self.at]

    @cached_property
    def in_stock(self) -> np.ndarray:
        return self.whole.in_stock[self.at]

    @cached_property
    def active(self) -> np.ndarray:
        return self.whole.active[self.at]

    @cached_property
    def ids(self) -> np.ndarray:
        return self.whole.ids[self.at]

    def matching(self, column: str, wanted, test) -> np.ndarray:
        return self.whole.matching(column, wanted, test)[self.at]
