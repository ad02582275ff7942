"""What moves a ranking besides the scorers: critiques, the shop's wishes and the merchant's rules, each a part of the score."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from recommender import critique, rerank
from recommender.contract import Ask, Query
from recommender.serving import Serving


def steered(
    serving: Serving,
    ask: Ask,
    query: Query,
    parts: Mapping[str, np.ndarray],
    among: np.ndarray,
    encode: Callable[[str], np.ndarray],
) -> dict[str, np.ndarray]:
    """The parts and those of steering, (n_items,) each. The shop's wishes are in shares of the best score `among` (mask) the items in
    question, so that a setting means the same in every list; a critique in shares of the item's own score: a casserole is no better an
    answer to "like this jumper, but more formal" for being more formal."""
    if not (serving.policy.terms or ask.critiques or (serving.rules and serving.rules.any)):
        return dict(parts)
    total = sum(parts.values(), np.zeros(serving.size, np.float32))
    best = float(total.max(initial=0.0, where=among)) or 1.0
    added = {
        name: (weight * best * rerank.value(name, serving.table, query.at)).astype(np.float32)
        for name, weight in serving.policy.terms.items()
    }
    if ask.critiques:
        anchors = np.array([serving.data.position[item] for item in ask.like if item in serving.data.position], np.int64)
        leaning = critique.lean(ask.critiques, serving.data.vectors, anchors, encode)
        added["critique"] = (critique.WEIGHT * np.maximum(total, 0.0) * leaning).astype(np.float32)
    if serving.rules is not None and serving.rules.any:
        added["rules"] = serving.rules.share(total + sum(added.values(), np.zeros(serving.size, np.float32)), among)
    return {**parts, **added}
