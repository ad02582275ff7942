"""The chance of items that nobody had: what is chosen by others says nothing of them, so that in a sum of scores they stand behind
whatever sells, however well their texts fit. For each customer the best of them are put on the scale of the known items, by quantiles:
where a tenth of the catalogue is new, so is about a tenth of the list, and which tenth is for the texts to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BEST = 10  # the item among those that nobody had that is matched with a known item: the last of a list of them
HEAD = 0.03  # and at most this share of them, where they are few: the best of a handful are not as good as the best of many
EACH = 4.0  # known items to each that nobody had, at least: where most of the catalogue never sold, it had its chance
LOWEST = 100  # place among known items with which it is matched at worst
MOST = 4.0  # by which a score is multiplied at most
HALF = 0.25  # customers who had an item from when on the root of that is left of it


@dataclass(frozen=True, eq=False)
class Chance:
    """`unknown` (n_items,) marks the items that nobody had; `share` (n_items,), 1 for those, says how far others, with little history, are
    raised with them. The best but `place` of the unknown ones are worth as much as the best but `peer` of the known ones."""

    unknown: np.ndarray
    share: np.ndarray
    place: int
    peer: int

    def part(self, at: np.ndarray) -> Chance:
        """For the items at these positions alone, the best known and unknown ones among them."""
        return Chance(self.unknown[at], self.share[at], self.place, self.peer)

    def factor(self, total: np.ndarray, hidden: np.ndarray) -> np.ndarray | None:
        """(n_items,) at least 1, by which the scores that sum to `total` (n_items,) are multiplied; None: by nothing. `hidden` are the
        positions of what may not be recommended."""
        open_to = np.array(total, np.float32)
        open_to[hidden] = 0.0
        ours, theirs = (_ranked(open_to[mask], place) for mask, place in ((self.unknown, self.place), (~self.unknown, self.peer)))
        if ours <= 0 or theirs <= ours:
            return None
        return np.power(np.float32(min(theirs / ours, MOST)), self.share)


def chance(support: np.ndarray) -> Chance | None:
    """From the number of users each item has; None where all items are known, or none."""
    unknown = support == 0
    new, known = int(unknown.sum()), int((~unknown).sum())
    if not new or not known:
        return None
    best = int(np.clip(HEAD * new, 1, BEST))
    each = max(known / new, EACH)
    place = min(best, max(int(LOWEST / each), 1))
    peer = min(round(place * each), LOWEST)
    return Chance(unknown, (HALF / (HALF + support)).astype(np.float32), place - 1, peer - 1)


def _ranked(scores: np.ndarray, place: int) -> float:
    """The score with `place` others above it; 0 where there are fewer."""
    return float(np.partition(scores, len(scores) - 1 - place)[len(scores) - 1 - place]) if place < len(scores) else 0.0
