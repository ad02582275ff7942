"""One Ask to one Answer, on one state of the shop. Pure: nothing is read or kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np

from recommender.blend import COMPLEMENT, SIMILAR, Weights
from recommender.candidates import narrowed
from recommender.choose import best
from recommender.contract import Answer, Ask, Query, Recommendation
from recommender.explain import WITHOUT, reason, what_they_did
from recommender.filters import mask, relaxations
from recommender.query import query_of
from recommender.serving import Serving
from recommender.words import words

Encode = Callable[[str], np.ndarray]
Parts = Mapping[str, np.ndarray]  # scorer -> share of the score, (n_items,)


def recommend(serving: Serving, ask: Ask, encode: Encode, method: str = "personal") -> Answer:
    serving = narrowed(serving, ask, encode, serving.blend.personal)
    query = query_of(ask, serving.data, encode)
    parts = serving.blend.personal_parts(query)
    hidden = _articles(serving, ask.like) | (_bought(serving, ask) if ask.exclude_bought else False)
    if not parts.keys() - {"popularity"}:
        method = "popular"
    return _answer(serving, ask, query, lambda allowed: parts, method, hidden=hidden, need_score=False)


def similar(serving: Serving, ask: Ask, encode: Encode) -> Answer:
    return _about(serving, ask, encode, SIMILAR, "similar")


def complements(serving: Serving, ask: Ask, encode: Encode) -> Answer:
    return _about(serving, ask, encode, COMPLEMENT, "complement")


def search(serving: Serving, ask: Ask, encode: Encode) -> Answer:
    text = ask.text.strip()
    if not words(text):
        return recommend(serving, replace(ask, text=""), encode)
    match = serving.index.match(text, encode(text))
    query = query_of(replace(ask, text=""), serving.data, encode)
    # Rather a lamp that costs more than asked than a candlestick at the right price; near misses only where nothing fits the words.
    for wanted in (match.named, np.ones(serving.size, bool)):
        found = _answer(serving, ask, query, match.votes, "search", worthwhile=wanted)
        if found.items:
            return found
    return popular(serving, ask, encode)


def popular(serving: Serving, ask: Ask, encode: Encode) -> Answer:
    """What sells, for a question that nothing answers."""
    query = query_of(replace(ask, text="", history=(), like=()), serving.data, encode)
    parts = serving.blend.parts(query, {"popularity": 1.0})
    return _answer(serving, ask, query, lambda allowed: parts, "popular", need_score=False)


def _about(serving: Serving, ask: Ask, encode: Encode, weights: Weights, method: str) -> Answer:
    if not any(item in serving.data.position for item in ask.like):
        return recommend(serving, ask, encode)
    here = narrowed(serving, ask, encode, lambda query: weights, history=False)
    query = query_of(ask, here.data, encode, history=False)
    parts = here.blend.parts(query, weights)
    hidden = _articles(here, ask.like)
    if method == "complement" and ask.exclude_bought:
        hidden = hidden | _bought(here, ask)
    found = _answer(here, replace(ask, history=()), query, lambda allowed: parts, method, hidden=hidden)
    return found if found.items else recommend(serving, ask, encode)


def _answer(
    serving: Serving,
    ask: Ask,
    query: Query,
    score: Callable[[np.ndarray], Parts],
    method: str,
    hidden: np.ndarray | bool = False,
    need_score: bool = True,
    worthwhile: np.ndarray | bool = True,
) -> Answer:
    """Ranks what the constraints allow; where that is nothing, what looser ones allow. `score` gives the parts among the allowed;
    `hidden` are items to leave out, `need_score` leaves out those with a score of 0; constraints that leave nothing `worthwhile` are
    given up."""
    tries = [((), ask.constraints), *relaxations(ask.constraints)]
    for relaxed, constraints in tries:
        allowed = mask(serving.table, constraints) & ~np.asarray(hidden)
        if not (allowed & worthwhile).any():
            continue
        parts = score(allowed)
        total = sum(parts.values(), np.zeros(serving.size, np.float32))
        if need_score:
            allowed &= total > 0
        asked = {*words(ask.text), *(word for value in (*ask.constraints.colours, *ask.constraints.sizes) for word in words(value))}
        chosen = best(total, allowed, serving.articles, serving.table.in_stock, ask.n, asked)
        if chosen:
            return Answer(_explained(serving, ask, query, parts, chosen), method, relaxed)
    if np.any(hidden) and not need_score:  # everything else is ruled out: better what they have than nothing
        return _answer(serving, ask, query, score, method, need_score=False)
    return Answer((), method)


def _explained(serving: Serving, ask: Ask, query: Query, parts: Parts, chosen: Iterable[int]) -> tuple[Recommendation, ...]:
    ids, titles, did = serving.data.ids, serving.data.items["title"], what_they_did(ask.history)
    recommendations = []
    for position in chosen:
        contributions = {name: float(part[position]) for name, part in parts.items() if part[position] > 0}
        evidence = {}
        for name in sorted(contributions, key=lambda name: -contributions[name]):  # as far as the reason reads them
            evidence[name] = serving.blend.scorers[name].evidence(query, position) if name in serving.blend.scorers else None
            if evidence[name] is not None or name in WITHOUT:
                break
        named = {name: None if place is None else int(ids[place]) for name, place in evidence.items()}
        shown = {int(ids[place]): str(titles.iloc[place]) for place in evidence.values() if place is not None}
        why = reason(contributions, named, shown, did)
        recommendations.append(Recommendation(int(ids[position]), sum(contributions.values()), contributions, why))
    return tuple(recommendations)


def _bought(serving: Serving, ask: Ask) -> np.ndarray:
    return _articles(serving, (event.item for event in ask.history if event.kind == "purchase"))


def _articles(serving: Serving, item_ids: Iterable[int]) -> np.ndarray:
    """(n_items,) mask of the items and of their variants."""
    positions = {serving.data.position[item] for item in item_ids if item in serving.data.position}
    return serving.articles.siblings(positions) if positions else np.zeros(serving.size, bool)
