"""Every scorer by name. A new one is a file of its own, a line here, and passes tests/recommender/test_scorers.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from recommender.category import Category
from recommender.content import Likeness, of_history, of_interest, of_text
from recommender.contract import Scorer
from recommender.copurchase import lift
from recommender.dataset import Dataset
from recommender.due import Due
from recommender.ease import ease
from recommender.factors import Factors
from recommender.fresh import Fresh
from recommender.habit import Habit
from recommender.item_to_item import ItemToItem
from recommender.itemknn import item_knn
from recommender.neighbours import UserKnn, item_likeness
from recommender.nextvisit import next_visit
from recommender.popularity import Popularity
from recommender.price import PriceFit
from recommender.segment import Segment
from recommender.terms import Terms
from recommender.towers import Towers

# Made with the hyper-parameters chosen for this shop, or with their defaults.
SCORERS: dict[str, Callable[..., Scorer]] = {
    "ease": lambda **chosen: ItemToItem("ease", partial(ease, **chosen), half_life=120.0),
    "next": lambda **chosen: ItemToItem("next", partial(next_visit, **chosen), half_life=120.0),
    "again": lambda **chosen: ItemToItem("again", partial(next_visit, repeats=True, **chosen), half_life=120.0),
    "itemknn": lambda: ItemToItem("itemknn", item_knn, half_life=60.0),
    "content": lambda: Likeness("content", of_history),
    "terms": Terms,
    "popularity": Popularity,
    "trending": lambda: Popularity("trending", half_life=3.0),
    "fresh": Fresh,
    "habit": Habit,
    "due": Due,
    "interest": lambda: Likeness("interest", of_interest),
    "text": lambda: Likeness("text", of_text),
    "category": Category,
    "copurchase": lambda: ItemToItem("copurchase", lift),
}
# Fitted and blended in where the settings name them.
FURTHER: dict[str, Callable[..., Scorer]] = {
    "userknn": UserKnn,
    "userknn_pearson": lambda: UserKnn("userknn_pearson", pearson=True),
    "itemknn_cosine": lambda: ItemToItem("itemknn_cosine", item_likeness, half_life=60.0),
    "itemknn_pearson": lambda: ItemToItem("itemknn_pearson", partial(item_likeness, pearson=True), half_life=60.0),
    "als": Factors,
    "bpr": lambda: Factors("bpr"),
    "towers": Towers,
    "segment": Segment,
    "price": PriceFit,
}
Tuning = Mapping[str, Mapping[str, Any]]  # scorer -> hyper-parameter -> value


def fit_all(data: Dataset, tuning: Tuning | None = None, names: Iterable[str] = tuple(SCORERS)) -> dict[str, Scorer]:
    return {name: made(name, **(tuning or {}).get(name, {})).fit(data) for name in names}


def made(name: str, **chosen: Any) -> Scorer:
    """Raises ValueError, naming the scorers that there are."""
    if name not in SCORERS and name not in FURTHER:
        raise ValueError(f"there is no scorer {name}; there are {', '.join([*SCORERS, *FURTHER])}")
    return (SCORERS | FURTHER)[name](**chosen)
