"""One Ask to one Answer, on one state of the shop. Pure: nothing is read or kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from recommender import rerank
from recommender.blend import COMPLEMENT, SIMILAR, Weights
from recommender.candidates import narrowed
from recommender.choose import best
from recommender.contract import Answer, Ask, Query, Recommendation, Relief
from recommender.explain import WITHOUT, Found, reasons, tested, what_they_did
from recommender.explore import POOL, draw
from recommender.facets import facets
from recommender.filters import averse_to, loosening, mask, relaxations
from recommender.query import query_of
from recommender.serving import Serving
from recommender.steer import steered
from recommender.words import words

Encode = Callable[[str], np.ndarray]
Parts = Mapping[str, np.ndarray]  # scorer -> share of the score, (n_items,)


@dataclass(frozen=True, eq=False)
class Task:
    """What one list is made by. `score` gives the parts among the allowed items; `hidden` are items to leave out, `need_score` leaves out
    those with a score of 0; constraints that leave nothing `worthwhile` are given up."""

    serving: Serving
    ask: Ask
    encode: Encode
    query: Query
    score: Callable[[np.ndarray], Parts]
    method: str
    hidden: np.ndarray | bool = False
    need_score: bool = True
    worthwhile: np.ndarray | bool = True

    def parts(self, allowed: np.ndarray) -> tuple[Parts, np.ndarray]:
        """All parts of the score, and the mask of the items in question."""
        parts = self.score(allowed)
        if self.need_score:
            allowed = allowed & (_total(self.serving, parts) > 0)
        return steered(self.serving, self.ask, self.query, parts, allowed, self.encode), allowed

    @property
    def asked(self) -> set[str]:
        wanted = self.ask.constraints
        return {*words(self.ask.text), *(word for value in (*wanted.colours, *wanted.sizes) for word in words(value))}

    @cached_property
    def did(self) -> Mapping[int, str]:
        return what_they_did(self.ask.history)

    def ranked(self, total: np.ndarray, allowed: np.ndarray, n: int) -> list[int]:
        return best(total, allowed, self.serving.articles, self.serving.table.in_stock, n, self.asked)


def recommend(serving: Serving, ask: Ask, encode: Encode, method: str = "personal") -> Answer:
    query = query_of(ask, serving.data, encode)
    serving, query = narrowed(serving, ask, query, serving.blend.personal(query))
    parts = _personal_parts(serving, ask, query, encode)
    anew = serving.blend.anew(query)
    hidden = _articles(serving, ask.like) | (_bought(serving, ask) if ask.exclude_bought else False)
    if not parts.keys() - {"popularity"}:
        method = "popular"

    def score(allowed: np.ndarray) -> Parts:
        return _personal_parts(serving, ask, query, encode, allowed) if anew else parts

    task = Task(serving, ask, encode, query, score, method, hidden=hidden, need_score=False)
    answer = _answer(task)
    return _tested(task, answer) if ask.tested else answer


def _personal_parts(serving: Serving, ask: Ask, query: Query, encode: Encode, allowed: np.ndarray | None = None) -> Parts:
    if not ask.without:
        return serving.blend.personal_parts(query, allowed=allowed)
    less = replace(ask, history=[event for event in ask.history if event.item not in ask.without])
    return serving.blend.personal_parts(query_of(less, serving.data, encode), query, allowed)


def similar(serving: Serving, ask: Ask, encode: Encode) -> Answer:
    return _about(serving, ask, encode, SIMILAR, "similar")


def complements(serving: Serving, ask: Ask, encode: Encode) -> Answer:
    return _about(serving, ask, encode, COMPLEMENT, "complement")


def search(serving: Serving, ask: Ask, encode: Encode) -> Answer:
    text = ask.text.strip()
    if not words(text):
        return recommend(serving, replace(ask, text=""), encode)
    match = serving.index.match(text, encode)
    query = query_of(replace(ask, text=""), serving.data, encode)
    averse = averse_to(serving.table, ask.constraints, match.named)
    # Rather a lamp that costs more than asked than a candlestick at the right price; near misses only where nothing fits the words.
    for wanted in (match.named, np.ones(serving.size, bool)):
        found = _answer(Task(serving, ask, encode, query, match.votes, "search", worthwhile=wanted))
        if found.items:
            return replace(found, averse=averse)
    return Answer((), "search", averse=averse)  # popular things instead would pass for an answer


def _about(serving: Serving, ask: Ask, encode: Encode, weights: Weights, method: str) -> Answer:
    if not any(item in serving.data.position for item in ask.like):
        return recommend(serving, ask, encode)
    here, query = narrowed(serving, ask, query_of(ask, serving.data, encode, history=False), weights)
    parts = here.blend.parts(query, weights)
    hidden = _articles(here, ask.like)
    if method == "complement" and ask.exclude_bought:
        hidden = hidden | _bought(here, ask)
    found = _answer(Task(here, replace(ask, history=()), encode, query, lambda allowed: parts, method, hidden=hidden))
    return found if found.items else recommend(serving, ask, encode)


def _answer(task: Task) -> Answer:
    """Ranks what the constraints allow; where that is nothing, what looser ones allow."""
    serving, ask = task.serving, task.ask
    ruled_out = np.asarray(task.hidden) | (serving.rules.hidden if serving.rules else False)
    for relaxed, constraints in loosening(ask.constraints):
        allowed = mask(serving.table, constraints) & ~ruled_out
        if not (allowed & task.worthwhile).any():
            continue
        parts, allowed = task.parts(allowed)
        if items := _list(task, parts, allowed):
            relief = _relief(task, ruled_out, relaxed) if relaxed else ()
            found = facets(serving.table, serving.articles, allowed) if task.method == "search" else {}
            return Answer(items, task.method, relaxed, relief, found)
    if np.any(task.hidden) and not task.need_score:  # everything else is ruled out: better what they have than nothing
        return _answer(replace(task, hidden=False))
    return Answer((), task.method)


def _list(task: Task, parts: Parts, allowed: np.ndarray) -> tuple[Recommendation, ...]:
    """The n best, varied and with what is tried out, each with its reason."""
    serving, ask, policy = task.serving, task.ask, task.serving.policy
    total = _total(serving, parts)
    tries = min(policy.explore, policy.page - 1) if ask.explore is not None and not task.need_score else 0
    varied = policy.diversity > 0 and task.method != "search"  # what was asked for is not given up for variety
    depth = rerank.POOL if varied else ask.n + tries * POOL * (ask.n // policy.page + 1)
    ranked = task.ranked(total, allowed, max(depth, ask.n))
    losses = {}
    if varied:
        kept = serving.rules.is_pinned if serving.rules else np.zeros(serving.size, bool)
        first, lost = rerank.varied(ranked, total, serving.data.vectors, policy.diversity, ask.n, kept)
        losses = dict(zip(first, lost, strict=True))
        ranked = [*first, *(position for position in ranked if position not in losses)]
    chosen = _tried_out(serving, ranked, ask, tries) if tries else [(position, 1.0) for position in ranked[: ask.n]]
    return tuple(_explained(task, parts, position, propensity, losses.get(position, 0.0)) for position, propensity in chosen)


def _tried_out(serving: Serving, ranked: list[int], ask: Ask, tries: int) -> list[tuple[int, float]]:
    """The n first with their propensities. The last `tries` positions of each page are drawn from what comes next, page by page, so that
    a second page goes on where the first ended."""
    nothing, rng = np.zeros(serving.size), np.random.default_rng(ask.explore)
    clicks, passes = (serving.seen.clicks, serving.seen.passes) if serving.seen else (nothing, nothing)
    chosen: list[tuple[int, float]] = []
    while ranked and len(chosen) < ask.n:
        fixed, ranked = ranked[: serving.policy.page - tries], ranked[serving.policy.page - tries :]
        drawn = draw(ranked[: tries * POOL], tries, clicks, passes, rng)
        chosen += [*((position, 1.0) for position in fixed), *drawn]
        taken = {position for position, _ in drawn}
        ranked = [position for position in ranked if position not in taken]
    return chosen[: ask.n]


def _explained(task: Task, parts: Parts, position: int, propensity: float, loss: float) -> Recommendation:
    contributions = {name: float(part[position]) for name, part in parts.items() if part[position] != 0}
    if loss:
        contributions["diversity"] = loss
    why = reasons(contributions, _found(task, contributions, position), task.did)[0]
    return Recommendation(int(task.serving.data.ids[position]), sum(contributions.values()), contributions, why, propensity)


def _found(task: Task, contributions: Mapping[str, float], position: int, every: bool = False) -> Found:
    """The item that is each scorer's evidence, with its title; unless `every` is wanted, only as far as the first reason reads them."""
    serving, found = task.serving, {}
    for name in sorted(contributions, key=lambda name: -contributions[name]):
        place = serving.blend.scorers[name].evidence(task.query, position) if name in serving.blend.scorers else None
        if place is not None:
            found[name] = (int(serving.data.ids[place]), str(serving.data.items["title"].iloc[place]))
        if not every and (name in found or name in WITHOUT):
            break
    return found


def _tested(task: Task, answer: Answer) -> Answer:
    """The same answer, each reason the strongest that holds: the score is worked out again without its evidence."""
    serving, ask, did = task.serving, task.ask, task.did
    everything, shown = np.ones(serving.size, bool), np.isin(serving.data.ids, [one.item for one in answer.items])
    without: dict[int, np.ndarray] = {}

    def score_without(item: int, position: int) -> float:
        if item not in without:
            parts = _personal_parts(serving, replace(ask, without=frozenset({item})), task.query, task.encode, shown)
            without[item] = _total(serving, steered(serving, ask, task.query, parts, everything, task.encode))
        return float(without[item][position])

    items = []
    for one in answer.items:
        position = serving.data.position[one.item]
        found = _found(task, one.contributions, position, every=True)
        score = one.score - one.contributions.get("diversity", 0.0)
        falls = {item: score - score_without(item, position) for item, _ in found.values() if item in did}
        items.append(replace(one, reason=tested(reasons(one.contributions, found, did), one.contributions, falls)))
    return replace(answer, items=tuple(items))


def _relief(task: Task, ruled_out: np.ndarray, relaxed: tuple[str, ...]) -> tuple[Relief, ...]:
    """What each constraint given up alone would bring; where that is nothing, what those given up here bring together."""
    serving, brought = task.serving, []
    for given_up, constraints in relaxations(task.ask.constraints):
        if len(given_up) > 1 and (brought or given_up != relaxed):
            continue
        parts, allowed = task.parts(mask(serving.table, constraints) & ~ruled_out)
        allowed &= task.worthwhile
        if allowed.any():
            first = task.ranked(_total(serving, parts), allowed, 1)[0]
            brought.append(Relief(given_up, len(np.unique(serving.articles.code[allowed])), int(serving.data.ids[first])))
    return tuple(brought)


def _total(serving: Serving, parts: Parts) -> np.ndarray:
    total = np.zeros(serving.size, np.float32)
    for part in parts.values():
        total += part
    return total


def _bought(serving: Serving, ask: Ask) -> np.ndarray:
    bought = _articles(serving, (event.item for event in ask.history if event.kind == "purchase"))
    return bought & ~serving.rules.again if serving.rules else bought


def _articles(serving: Serving, item_ids: Iterable[int]) -> np.ndarray:
    """(n_items,) mask of the items and of their variants."""
    positions = {serving.data.position[item] for item in item_ids if item in serving.data.position}
    return serving.articles.siblings(positions) if positions else np.zeros(serving.size, bool)
