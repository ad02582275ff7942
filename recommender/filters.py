"""Constraints to a mask over the catalogue. What the mask leaves out is never recommended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
import pandas as pd

from recommender.contract import Constraints
from recommender.words import has_all, words

# In the order in which they are given up when nothing satisfies them all: what matters least to a customer first.
RELAXABLE: dict[str, tuple[str, ...]] = {
    "size": ("sizes",),
    "material": ("materials",),
    "brand": ("brands",),
    "colour": ("colours",),
    "price": ("price_min", "price_max"),
    "stock": ("in_stock",),
    "category": ("categories",),
}
GIVEN_UP = {"in_stock": False, "price_min": None, "price_max": None}
REMEMBERED = 256  # masks
_IMITATION = {"faux", "imitation", "artificial", "vegan", "fake", "effect"}


@dataclass(frozen=True, eq=False)
class Table:
    """The catalogue's columns as the filters read them. `price` in minor units; all (n_items,)."""

    items: pd.DataFrame

    @cached_property
    def price(self) -> np.ndarray:
        most = np.iinfo(np.int32).max  # half the width is compared in half the time
        return np.minimum(self.items["price"].to_numpy(np.int64), most).astype(np.int32)

    @cached_property
    def in_stock(self) -> np.ndarray:
        return self.items["stock"].to_numpy(np.int64) > 0

    @cached_property
    def active(self) -> np.ndarray:
        return self.items["active"].to_numpy(bool)

    @cached_property
    def ids(self) -> np.ndarray:
        return self.items["item"].to_numpy(np.int64)

    @cached_property
    def cost(self) -> np.ndarray:
        """Minor units; NaN where it is not known."""
        return self._numbers("cost")

    @cached_property
    def created(self) -> np.ndarray:
        """Unix seconds; NaN where it is not known."""
        return self._numbers("created")

    def _numbers(self, name: str) -> np.ndarray:
        return self.items[name].to_numpy(float) if name in self.items else np.full(len(self.items), np.nan)

    def with_live(self, items: pd.DataFrame) -> Table:
        """The same items with other prices, stock and states: what was worked out from their texts is kept."""
        fresh = Table(items)
        fresh.__dict__.update(_coded=self._coded, _known=self._known)
        return fresh

    def matching(self, column: str, wanted: Iterable[str], test: Callable[[str, str], bool]) -> np.ndarray:
        """Mask of the items whose value of the column passes the test with any wanted text. Each distinct value is tested once, and the
        masks of the last questions are remembered: customers ask for the same colours."""
        asked = (column, tuple(wanted), test.__name__)
        found = self._known.get(asked)
        if found is None:
            codes, values = self._coded[column]
            passing = np.array([any(test(value, text) for text in asked[1]) for value in values], bool)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[asked] = passing[codes] if len(values) else np.zeros(len(codes), bool)
        return found

    @cached_property
    def _known(self) -> dict[tuple, np.ndarray]:
        return {}

    @cached_property
    def _coded(self) -> dict[str, tuple[np.ndarray, list[str]]]:
        title = self.items["title"].astype(str)
        columns = {name: self.items[name].fillna("").astype(str) for name in ("category", "brand", "size")}
        for name in ("colour", "material"):  # where the catalogue says nothing, the title may
            given = self.items[name].fillna("").astype(str)
            columns[name] = given.where(given.str.strip() != "", title)
        return {name: (codes, list(values)) for name, column in columns.items() for codes, values in [pd.factorize(column)]}


def mask(table: Table, wanted: Constraints) -> np.ndarray:
    """(n_items,) bool: which items satisfy every constraint. Only active items do."""
    keep = table.active.copy()
    if wanted.price_min is not None:
        keep &= table.price >= wanted.price_min
    if wanted.price_max is not None:
        keep &= table.price <= wanted.price_max
    if wanted.in_stock:
        keep &= table.in_stock
    for column, (plural, test) in _TESTS.items():
        if any_of := _named(getattr(wanted, plural)):
            keep &= table.matching(column, any_of, test)
        if none_of := _named(getattr(wanted, f"not_{plural}", ())):
            keep &= ~table.matching(column, none_of, _AVERSE.get(column, test))
    if wanted.not_items:
        keep &= ~np.isin(table.ids, np.fromiter(wanted.not_items, np.int64))
    return keep


def loosening(wanted: Constraints) -> Iterable[tuple[tuple[str, ...], Constraints]]:
    """The constraints themselves, nothing given up, and then their `relaxations`, which are worked out only when they are read."""
    yield (), wanted
    yield from relaxations(wanted)


def averse_to(table: Table, wanted: Constraints, meant: np.ndarray) -> dict[str, tuple[str, ...]]:
    """What rules out all items that are `meant`, (n_items,) bool, and would leave some if it were wanted: "not_materials" -> ("wool",)."""
    unwanted = {f"not_{plural}": plural for plural, _ in _TESTS.values() if getattr(wanted, f"not_{plural}", ())}
    if not unwanted or not meant.any() or (mask(table, wanted) & meant).any():
        return {}
    found = {}
    for field, plural in unwanted.items():
        freed = replace(wanted, **{field: ()})
        those = tuple(value for value in getattr(wanted, field) if (mask(table, replace(freed, **{plural: (value,)})) & meant).any())
        if those:
            found[field] = those
    return found


def relaxations(wanted: Constraints) -> Iterable[tuple[tuple[str, ...], Constraints]]:
    """Ever looser constraints with the names of what was given up: each alone first, then more and more together. A `not_*` never."""
    active = [name for name, names in RELAXABLE.items() if any(getattr(wanted, field) not in ((), None, False) for field in names)]
    for name in active:
        yield (name,), _without(wanted, [name])
    for count in range(2, len(active) + 1):
        yield tuple(active[:count]), _without(wanted, active[:count])


def merge(first: Constraints, second: Constraints) -> Constraints:
    """Both at once: `second` wins where both name the same positive thing; what either rules out is ruled out."""
    changes = {}
    for item in fields(Constraints):
        ours, theirs = getattr(first, item.name), getattr(second, item.name)
        if item.name.startswith("not_"):
            changes[item.name] = ours | theirs if isinstance(ours, frozenset) else tuple(dict.fromkeys((*ours, *theirs)))
        elif theirs != item.default:
            changes[item.name] = theirs
    return replace(first, **changes)


def same_words(value: str, wanted: str) -> bool:
    return words(value) == words(wanted)


def mentions(value: str, wanted: str) -> bool:
    """ "80% wool, 20% silk" mentions wool, "navy blue" mentions blue; "blue" does not mention navy blue."""
    return has_all(words(value), words(wanted))


def made_of(value: str, wanted: str) -> bool:
    """As `mentions`, but faux leather is not leather to somebody who asks for leather."""
    return mentions(value, wanted) and not (_IMITATION & (set(words(value)) - set(words(wanted))))


def within(path: str, wanted: str) -> bool:
    """Whether a category path has the wanted category, or path of categories, at any level."""
    parts, sought = ([words(part) for part in re.split(r"[>/]", text) if part.strip()] for text in (path, wanted))
    return bool(sought) and any(parts[k : k + len(sought)] == sought for k in range(len(parts) - len(sought) + 1))


_TESTS: dict[str, tuple[str, Callable[[str, str], bool]]] = {
    "category": ("categories", within),
    "brand": ("brands", same_words),
    "colour": ("colours", mentions),
    "size": ("sizes", mentions),
    "material": ("materials", made_of),
}
_AVERSE = {"material": mentions}  # somebody who cannot stand leather is not shown the imitation either


def _named(texts: Iterable[str]) -> list[str]:
    return [text for text in texts if words(text)]


def _without(wanted: Constraints, names: Iterable[str]) -> Constraints:
    return replace(wanted, **{field: GIVEN_UP.get(field, ()) for name in names for field in RELAXABLE[name]})
