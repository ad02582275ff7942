"""Every scorer by name. A new one is a file of its own, a line here, and passes tests/recommender/test_scorers.py."""

from __future__ import annotations

from collections.abc import Callable

from recommender.category import Category
from recommender.content import Likeness, of_history, of_interest, of_text
from recommender.contract import Scorer
from recommender.copurchase import lift
from recommender.dataset import Dataset
from recommender.ease import ease
from recommender.item_to_item import ItemToItem
from recommender.itemknn import item_knn
from recommender.popularity import Popularity

SCORERS: dict[str, Callable[[], Scorer]] = {
    "ease": lambda: ItemToItem("ease", ease, half_life=120.0),
    "itemknn": lambda: ItemToItem("itemknn", item_knn, half_life=60.0),
    "content": lambda: Likeness("content", of_history),
    "popularity": Popularity,
    "interest": lambda: Likeness("interest", of_interest),
    "text": lambda: Likeness("text", of_text),
    "category": Category,
    "copurchase": lambda: ItemToItem("copurchase", lift),
}


def fit_all(data: Dataset) -> dict[str, Scorer]:
    return {name: make().fit(data) for name, make in SCORERS.items()}
