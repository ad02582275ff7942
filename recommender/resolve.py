"""Which product a customer means by a name."""

from __future__ import annotations

import numpy as np
from rapidfuzz import fuzz, process

from recommender.fillers import FILLER
from recommender.serving import Serving
from recommender.words import words

# What customers say around a product's name when they want something done with it.
_AROUND = FILLER | frozenset(
    words("add put take remove order cart basket trolley checkout tell info information detail details cost costs much how many more like "
          "similar goes go together else also into out off up why is of only just really think there their two three "
          "first second third fourth last number")
)  # fmt: skip
CLOSE = 86.0  # of 100; below, two different titles begin to be taken for each other


def meant(text: str) -> list[str]:
    """The words of a text that name something, folded, in order."""
    return [word for word in words(text) if word not in _AROUND]


def resolve(serving: Serving, text: str) -> int | None:
    """By sku, by title, by being the only article whose title has all the words, by the longest title that the text holds, then by the
    closest title. Of variants an active one in
    stock, then the first. None when the text fits nothing, or several articles alike."""
    items = serving.data.items
    by_sku = np.flatnonzero(items["sku"].str.casefold() == text.strip().casefold())
    if len(by_sku):
        return int(serving.data.ids[by_sku[0]])
    sought = serving.index.speller.corrected(meant(text))
    if not sought:
        return None
    titles, phrase = serving.index.titles, " ".join(sought)
    found = [k for k, title in enumerate(titles) if title == phrase]
    found = found or [k for k, title in enumerate(titles) if set(sought) <= set(title.split())]
    if not found:
        held = [(len(title.split()), k) for k, title in enumerate(titles) if " " in title and set(title.split()) <= set(sought)]
        found = [k for length, k in held if length == max(held)[0]]
    if not found:
        close = process.extract(phrase, titles, scorer=fuzz.token_sort_ratio, limit=None, score_cutoff=CLOSE)
        found = [k for _, score, k in close if score == close[0][1]]
    if len(set(serving.articles.code[found])) != 1:
        return None
    available = serving.table.active & serving.table.in_stock
    return int(serving.data.ids[max(found, key=lambda k: (bool(available[k]), bool(serving.table.active[k]), -k))])
