"""The recommender's language: what is asked, what is answered, and what every scorer must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import numpy as np

from recommender.dataset import Dataset


@dataclass(frozen=True)
class Event:
    """Something the customer did with an item. `kind` is an interaction's kind (view, click, cart, purchase, rating, like, dislike)."""

    item: int
    kind: str
    at: datetime
    value: float | None = None


@dataclass(frozen=True)
class Constraints:
    """What an item must satisfy. Text values are compared case-folded; empty means unconstrained.

    `colours`, `sizes`, `materials`, `brands`, `categories`: any one of them (a category matches its whole path below).
    `not_*`: none of them: a stated aversion is absolute. Prices are minor units, bounds inclusive.
    """

    price_min: int | None = None
    price_max: int | None = None
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    not_categories: tuple[str, ...] = ()
    not_brands: tuple[str, ...] = ()
    not_colours: tuple[str, ...] = ()
    not_materials: tuple[str, ...] = ()
    not_items: frozenset[int] = frozenset()
    in_stock: bool = True


@dataclass(frozen=True)
class Critique:
    """ "More rustic" (`more`), "less formal" (not): seen from the items of `Ask.like`, if there are any."""

    about: str
    more: bool


@dataclass(frozen=True)
class Rule:
    """A merchant's decision about the products whose `field` (sku, category, brand, colour, material, tags) has the `value`. `kind`: pin
    (to the top), hide, boost (by `weight`, a share of the best item's score, below 0 to lower), again (recommended though bought)."""

    kind: str
    field: str
    value: str
    weight: float = 0.0


@dataclass(frozen=True)
class Ask:
    """One question. `history` is the customer's events, oldest first; `text` what they said; `like` the items they pointed at;
    `interest` an embedding of what they care about (unit length or zero). All may be empty: there is always an answer.

    `explore`: a number on which the draws of an exploring shop depend, so that the same question has the same answer; None: no
    exploring. `tested`: work out what each reason is worth, by asking again without its evidence; costs an answer a piece of evidence.
    `without`: items whose events are left out, while scorers are weighed as if they were there: what would the list be without them?
    """

    n: int = 5
    history: Sequence[Event] = ()
    text: str = ""
    like: Sequence[int] = ()
    interest: np.ndarray | None = None
    constraints: Constraints = field(default_factory=Constraints)
    exclude_bought: bool = True
    at: datetime | None = None  # the moment asked for; None is now
    critiques: tuple[Critique, ...] = ()
    explore: int | None = None
    tested: bool = False
    without: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Reason:
    """Why an item is shown: the scorer with the largest contribution, the item that is its evidence (or None), and a sentence part
    fit for the customer ("because you liked Linen Shirt"). `worth` (with `Ask.tested`): by how much the item's score falls when the
    evidence is taken out (`Ask.without`); without evidence, what the scorer contributes."""

    scorer: str
    because: int | None
    text: str
    worth: float | None = None


@dataclass(frozen=True)
class Recommendation:
    """`contributions` (scorer -> share; below 0 what counts against the item) sum to `score`. `propensity`: probability of this item at
    this position under the policy that chose it; 1.0 for a deterministic ranking."""

    item: int
    score: float
    contributions: Mapping[str, float]
    reason: Reason
    propensity: float = 1.0


@dataclass(frozen=True)
class Relief:
    """What giving up the constraints named would bring: how many articles, and the id of the best of them."""

    given_up: tuple[str, ...]
    count: int
    best: int


@dataclass(frozen=True)
class Answer:
    """Ranked best first. `relaxed` names the constraints given up because nothing satisfied all of them (never a `not_*` one);
    `relief` says what each of them, given up alone, would bring. `averse`: where all that a search names is ruled out by what the customer
    never wants, these values, by the field of Constraints that rules them out; what is listed only comes near then. `method` says
    which path answered: personal, similar, complement, search, popular. `facets`, of a search: colour, material, ... -> value -> how many
    of the articles found have it, most first."""

    items: Sequence[Recommendation]
    method: str
    relaxed: tuple[str, ...] = ()
    relief: tuple[Relief, ...] = ()
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    averse: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Query:
    """An Ask in the catalogue's terms, worked out once and read by every scorer (`recommender/query.py` makes it).

    `positions`: the distinct items the customer showed a liking for, with `weights` in (0, 1] and `ages` in days, all (h,).
    `text`, `interest`: unit vectors (dim,), or zero. `at`: Unix seconds of the moment asked for. `habits` (h,): on how many days each
    item was had, older days counting less; None: once each. `again`: what they have may be recommended, too. `times` (h,): on how many days
    each item was had; `first` (h,): how many days ago it was had first; None: once, and then. `worked_out`: scorer -> what it
    keeps of this question because it needs it again.
    """

    positions: np.ndarray
    weights: np.ndarray
    ages: np.ndarray
    text: np.ndarray
    interest: np.ndarray
    at: float
    habits: np.ndarray | None = None
    again: bool = False
    times: np.ndarray | None = None
    first: np.ndarray | None = None
    worked_out: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)


class Scorer(Protocol):
    """One way to score every item for one question. A scorer keeps arrays only, so that it is saved without pickle."""

    name: str

    def fit(self, data: Dataset) -> Scorer: ...

    def score(self, query: Query) -> np.ndarray:
        """(n_items,) float32 in catalogue order, higher is better, 0 where the scorer knows nothing."""

    def evidence(self, query: Query, position: int) -> int | None:
        """The catalogue position of the history item that adds most to the score of the item at `position`, or None."""

    def state(self) -> dict[str, np.ndarray]: ...

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Scorer:
        """A fitted scorer for the catalogue of `data`, which may have other items than it was fitted on."""


BEST = 8  # of a scorer's items, by which its scale is known

# A scorer that can tell its scores at some positions, or its best items, without scoring all items has a method of that name.


def score_at(scorer: Scorer, query: Query, at: np.ndarray) -> np.ndarray:
    """(len(at),) float32: what `score` says at these catalogue positions."""
    return scorer.score_at(query, at) if hasattr(scorer, "score_at") else scorer.score(query)[at]


def score_many(scorer: Scorer, queries: Sequence[Query]) -> np.ndarray:
    """(queries, n_items) float32; a scorer that can do it in one go has a method of that name."""
    return scorer.score_many(queries) if hasattr(scorer, "score_many") else np.stack([scorer.score(query) for query in queries])


def leading(scorer: Scorer, query: Query, k: int, allowed: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Catalogue positions, in any order, perhaps twice: up to k of the `allowed` (n_items,) items with the best scores above 0, or nearly
    the best, and the BEST of those `new` (n_items,) to the customer, allowed or not, which say what the scorer's scale is."""
    if hasattr(scorer, "leading"):
        return scorer.leading(query, k, allowed, new)
    scores = scorer.score(query)
    return foremost(np.arange(len(scores)), scores, k, allowed, new)


def foremost(positions: np.ndarray, scores: np.ndarray, k: int, allowed: np.ndarray, new: np.ndarray) -> np.ndarray:
    """What `leading` wants, from some positions and their scores."""
    good = scores > 0
    found = []
    for most, mask in ((k, allowed), (BEST, new)):
        some = np.flatnonzero(good & mask[positions])
        found.append(positions[some if len(some) <= most else some[np.argpartition(-scores[some], most)[:most]]])
    return np.concatenate(found)


def foremost_in_order(positions: np.ndarray, k: int, allowed: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The same from positions in the order of their scores, which are above 0."""
    return np.concatenate([positions[mask[positions]][:most] for most, mask in ((k, allowed), (BEST, new))])
