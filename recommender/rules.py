"""What the merchant decides over the ranking: pinned, hidden and boosted products, and what may be sold to the same customer again.

A rule never shows what the customer has ruled out: aversions and constraints come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommender.choose import Articles
from recommender.contract import Rule
from recommender.filters import Table, made_of, mentions, same_words, within

STEP = 0.01  # of the best item's score, between two pinned products
_TESTS = {"category": within, "brand": same_words, "colour": mentions, "material": made_of, "tags": mentions, "sku": str.__eq__}


@dataclass(frozen=True, eq=False)
class Rules:
    """The rules of one moment over one catalogue. `hidden`, `again` (n_items,) bool; `boost` (n_items,) in shares of the best item's
    score; `pinned`: catalogue positions of whole articles, first rule first."""

    hidden: np.ndarray
    again: np.ndarray
    boost: np.ndarray
    pinned: tuple[np.ndarray, ...] = ()

    def share(self, total: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """(n_items,) what the rules add to `total` among `candidates` (mask): boosts as shares of the best, pinned items to the top."""
        best = float(total.max(initial=0.0, where=candidates)) or 1.0
        added = (self.boost * best).astype(np.float32)
        top = float((total + added).max(initial=0.0, where=candidates))
        for place, positions in enumerate(self.pinned):
            added[positions] = top + best * STEP * (len(self.pinned) - place) - total[positions]
        return added

    def part(self, at: np.ndarray) -> Rules:
        """The same for the items at some positions, in ascending order, all pinned ones among them."""
        pinned = tuple(np.searchsorted(at, positions) for positions in self.pinned)
        return Rules(self.hidden[at], self.again[at], self.boost[at], pinned)

    @property
    def is_pinned(self) -> np.ndarray:
        mask = np.zeros(len(self.boost), bool)
        for positions in self.pinned:
            mask[positions] = True
        return mask

    @property
    def any(self) -> bool:
        return bool(self.pinned) or bool(self.boost.any())


def none(size: int) -> Rules:
    return Rules(np.zeros(size, bool), np.zeros(size, bool), np.zeros(size, np.float32))


def compiled(rules: Sequence[Rule], table: Table, articles: Articles) -> Rules:
    """The rules, in their order, over the catalogue. What a rule names counts for all variants of an article."""
    made = none(len(table.items))
    pinned = []
    for rule in rules:
        found = np.flatnonzero(_named(rule, table))
        if not len(found):
            continue
        mask = articles.siblings(found)
        if rule.kind == "hide":
            made.hidden[mask] = True
        elif rule.kind == "again":
            made.again[mask] = True
        elif rule.kind == "boost":
            made.boost[mask] += rule.weight
        elif rule.kind == "pin":
            firsts = found[np.sort(np.unique(articles.code[found], return_index=True)[1])]
            pinned += [articles.variants(np.array([first])) for first in firsts]
    return Rules(made.hidden, made.again, made.boost, tuple(pinned))


def _named(rule: Rule, table: Table) -> np.ndarray:
    values = table.items[rule.field].fillna("").astype(str) if rule.field in table.items else None
    if values is None:
        return np.zeros(len(table.items), bool)
    test = _TESTS[rule.field]
    return np.array([test(value, rule.value) for value in values], bool)
