"""Which product a customer means by a name."""

from __future__ import annotations

import numpy as np
from rapidfuzz import fuzz, process

from recommender.serving import Serving
from recommender.words import words

CLOSE = 86.0  # of 100; below, two different titles begin to be taken for each other


def resolve(serving: Serving, text: str) -> int | None:
    """By sku, by title, then by the closest title. Among equals an active one in stock, then the first."""
    items, sought = serving.data.items, " ".join(words(text))
    by_sku = np.flatnonzero(items["sku"].str.casefold() == text.strip().casefold())
    if len(by_sku):
        return int(serving.data.ids[by_sku[0]])
    if not sought:
        return None
    titles = serving.index.titles
    exact = [k for k, title in enumerate(titles) if title == sought]
    if not exact:
        found = process.extract(sought, titles, scorer=fuzz.ratio, limit=1, score_cutoff=CLOSE)
        found = found or process.extract(sought, titles, scorer=fuzz.token_sort_ratio, limit=1, score_cutoff=CLOSE)
        if not found and len(sought.split()) > 1:  # part of one title only, such as "hanging heart t-light holder"
            found = process.extract(sought, titles, scorer=fuzz.token_set_ratio, limit=2, score_cutoff=95.0)
            distinct = {title for title, _, _ in found}
            found = found[:1] if len(distinct) == 1 else []
        exact = [k for k, title in enumerate(titles) if found and title == found[0][0]]
    if not exact:
        return None
    available = serving.table.active & serving.table.in_stock
    return int(serving.data.ids[max(exact, key=lambda k: (bool(available[k]), bool(serving.table.active[k]), -k))])
