"""What sells: events counted with a half-life, as of the moment asked for and never from its future."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.sparse as sp

from recommender.contract import Query, foremost, foremost_in_order
from recommender.dataset import Alignment, Dataset

HOUR = 3_600
HALF_LIFE = 14.0  # days
DEPTH = 5_000  # best sellers kept in order
ANCHORS = 32  # moments whose scores are kept, at most
ANCHORED = 2_000_000  # scores kept in all, about
REPLACED = 20.0  # times its share of all that counts, by which what comes in an hour makes the rest fade, at most


class Popularity:
    def __init__(self, name: str = "popularity", half_life: float = HALF_LIFE, replaced: float = REPLACED) -> None:
        self.name, self.half_life, self._replaced = name, half_life, replaced

    def fit(self, data: Dataset) -> Popularity:
        events, self._items = data.counted, data.ids
        known_from = -(-events["seconds"].to_numpy() // HOUR)  # the hour that begins after the event
        self._hours, row = np.unique(known_from, return_inverse=True)
        weights = events["weight"].to_numpy(np.float32)
        self._counts = sp.csr_matrix((weights, (row, events["column"].to_numpy())), shape=(len(self._hours), len(self._items)))
        return self._aligned(data)

    def score(self, query: Query) -> np.ndarray:
        return self._at(int(query.at // HOUR))

    def score_at(self, query: Query, at: np.ndarray) -> np.ndarray:
        return self.score(query)[at]

    def leading(self, query: Query, k: int, allowed: np.ndarray, new: np.ndarray) -> np.ndarray:
        """From the shop's best sellers in order, which are the same for everybody; all items where too few of those are allowed."""
        scores = self.score(query)
        known, order = self._order
        if known is not scores:
            best = np.argpartition(-scores, min(DEPTH, len(scores) - 1))[:DEPTH]
            order = best[np.argsort(-scores[best], kind="stable")]
            order = order[scores[order] > 0]
            self._order = (scores, order)
        if len(order) < len(scores) and np.count_nonzero(allowed[order]) < k:
            return foremost(np.arange(len(scores)), scores, k, allowed, new)
        return foremost_in_order(order, k, allowed, new)

    def evidence(self, query: Query, position: int) -> None:
        return None

    def state(self) -> dict[str, np.ndarray]:
        counts = self._counts
        return {"items": self._items, "hours": self._hours, "data": counts.data, "indices": counts.indices, "indptr": counts.indptr}

    def restore(self, state: Mapping[str, np.ndarray], data: Dataset) -> Popularity:
        self._items, self._hours = state["items"], state["hours"]
        shape = (len(self._hours), len(self._items))
        self._counts = sp.csr_matrix((state["data"], state["indices"], state["indptr"]), shape=shape)
        return self._aligned(data)

    def _aligned(self, data: Dataset) -> Popularity:
        self._align, self._scored = Alignment(self._items, data.ids), (None, np.zeros(0, np.float32))
        self._anchors: dict[int, np.ndarray] = {}
        anchors = int(np.clip(ANCHORED // max(len(self._items), 1), 1, ANCHORS))
        self._clock = clock(self._hours, np.asarray(self._counts.sum(axis=1)).ravel(), 24 * self.half_life, self._replaced)
        self._stride = max(-(-len(self._hours) // anchors), 1)  # hours with events from one anchor to the next
        self._order: tuple[np.ndarray | None, np.ndarray] = (None, np.zeros(0, np.int64))  # scores, and their best positions in order
        return self

    def _at(self, hour: int) -> np.ndarray:
        """Scores as of the beginning of an hour; kept for the hour asked for last."""
        known, scores = self._scored
        if known != hour:
            end = int(np.searchsorted(self._hours, hour, side="right"))
            scores = self._align.live(self._onward(self._anchor(end // self._stride), end // self._stride * self._stride, end))
            self._scored = (hour, scores)
        return scores

    def _anchor(self, number: int) -> np.ndarray:
        """(fitted items,) scores after the first `number` strides of hours, worked out once: who learns asks for many moments."""
        if number not in self._anchors:
            start = (number - 1) * self._stride
            nothing = np.zeros(len(self._items), np.float32)
            self._anchors[number] = self._onward(self._anchor(number - 1), start, start + self._stride) if number else nothing
        return self._anchors[number]

    def _onward(self, scores: np.ndarray, start: int, end: int) -> np.ndarray:
        """From the scores after the first `start` hours with events those after the first `end`. Ages count from the last hour with
        events, on the shop's own clock: a shop whose data are old still has favourites."""
        if start == end:
            return scores
        fading = np.exp2((self._clock[max(start - 1, 0) : end] - self._clock[end - 1]) / (24 * self.half_life)).astype(np.float32)
        new = np.asarray(fading[-(end - start) :] @ self._counts[start:end], np.float32).ravel()
        return new + fading[0] * scores


def clock(hours: np.ndarray, much: np.ndarray, half_life: float, replaced: float = REPLACED) -> np.ndarray:
    """(len(hours),) how many hours have passed for what sells, by `hours` with events and how much came in each; `half_life` in hours.
    Where next to nothing comes, hardly any do, until more comes: a few events after a quiet time do not undo what sold before it."""
    passed, counts = np.zeros(len(hours)), 0.0
    for k, more in enumerate(much.tolist()):
        if k:
            left = 1 - replaced * more / max(counts, 1e-9)
            step = float(hours[k] - hours[0]) - passed[k - 1]
            step = min(step, -half_life * np.log2(left)) if left > 0 else step
            passed[k] = passed[k - 1] + step
            counts *= 0.5 ** (step / half_life)
        counts += more
    return passed
