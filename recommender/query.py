"""From an Ask to the arrays that scorers read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import numpy as np

from recommender.contract import Ask, Event, Query
from recommender.dataset import KIND_WEIGHT, LOW_RATING, Dataset

DAY = 86_400.0
HABIT = 180.0  # days by which a day on which an item was had counts half
HISTORY_ITEMS = 300  # only the newest count: what a wholesaler bought years ago costs time and adds nothing


def query_of(ask: Ask, data: Dataset, encode: Callable[[str], np.ndarray], history: bool = True) -> Query:
    """The ask in the terms of `data`'s catalogue. Items that are not in it are left out; `history=False` counts only `ask.like`."""
    at = (ask.at or datetime.now(UTC)).timestamp()
    liking: dict[int, tuple[float, float]] = {}
    days: dict[int, set[int]] = {}
    done: set[tuple[int, str, int]] = set()
    for event in ask.history if history else ():
        position, weight, moment = data.position.get(event.item), liking_of(event), event.at.timestamp()
        if position is not None and weight > 0:
            if event.kind != "purchase" and (once := (position, event.kind, int(moment // DAY))) in done:
                weight = 0.0  # as in Dataset.events: looking at a thing again on one day says nothing new
            elif event.kind != "purchase":
                done.add(once)
            age = max(0.0, (at - moment) / DAY)
            before, youngest = liking.pop(position, (0.0, age))  # popped, so that the dictionary stays ordered by last event
            liking[position] = (min(1.0, before + weight), min(youngest, age))
            days.setdefault(position, set()).add(int(age))
    for item in ask.like:
        if (position := data.position.get(item)) is not None:
            liking.pop(position, None)
            liking[position] = (1.0, 0.0)
    newest = list(liking.items())[-HISTORY_ITEMS:]
    zero = np.zeros(data.vectors.shape[1], np.float32)
    return Query(
        positions=np.array([position for position, _ in newest], np.int64),
        weights=np.array([weight for _, (weight, _) in newest], np.float32),
        ages=np.array([age for _, (_, age) in newest], np.float32),
        text=encode(ask.text.strip()) if ask.text.strip() else zero,
        interest=ask.interest.astype(np.float32) if ask.interest is not None and len(ask.interest) == len(zero) else zero,
        at=at,
        habits=np.array([habit(days.get(position, ())) for position, _ in newest], np.float32),
        again=not ask.exclude_bought,
        times=np.array([max(len(days.get(position, ())), 1) for position, _ in newest], np.float32),
        first=np.array([max(days.get(position, ()), default=age) for position, (_, age) in newest], np.float32),
    )


def habit(ages: Iterable[float]) -> float:
    """What the days on which an item was had, so many days ago, count for together."""
    return sum(0.5 ** (age / HABIT) for age in ages)


def liking_of(event: Event) -> float:
    """How strongly the event speaks for its item, in [0, 1]."""
    if event.kind == "rating" and event.value is not None and event.value < LOW_RATING:
        return 0.0
    return KIND_WEIGHT.get(event.kind, 0.0)


def decay(ages: np.ndarray, half_life: float | None) -> np.ndarray:
    """Weights halving every `half_life` days, 1 for the newest: a customer who comes back after years is still known by what they liked."""
    if half_life is None or not len(ages):
        return np.ones_like(ages)
    return np.exp2((ages.min() - ages) / half_life).astype(np.float32)
