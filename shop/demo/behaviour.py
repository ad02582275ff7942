"""What the demo customers did: a small generative model of browsing and buying.

A customer's utility for an article is the sum of what their segment likes (style, place in the shop, price), a personal taste in a few
latent directions, and the article's general appeal, which has a long tail. A visit starts from an article drawn by softmax of utility, or
from the complement of something bought before, and wanders through its category, its complements and other favourites. Colours are
chosen by the customer's own palette. So there is something true to find beyond popularity: segments, persons, and item-item affinity.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import numpy as np

from shop.demo.articles import Article
from shop.demo.people import Person, source

HOURS = (7, 8, 9, 12, 13, 17, 18, 19, 19, 20, 20, 21, 21, 22)
LATENT = 6


@dataclass(frozen=True)
class Act:
    """One interaction. `article` and `unit` are positions in the catalogue, None for a search. `visit` counts a customer's visits."""

    person: int
    visit: int
    article: int | None
    unit: int | None
    kind: str
    at: datetime
    value: float | None = None
    query: str | None = None


class World:
    """The catalogue as the model sees it: features, appeal and affinities, all drawn from the seed."""

    def __init__(self, catalogue: list[Article], seed: int) -> None:
        draw = np.random.default_rng(seed)
        self.catalogue = catalogue
        places = sorted({a.category for a in catalogue})
        centre = {place: draw.normal(size=LATENT) for place in places}
        self.latent = np.array([centre[a.category] + 0.9 * draw.normal(size=LATENT) for a in catalogue]) / np.sqrt(LATENT)
        ranks = draw.permutation(len(catalogue)) + 1
        self.appeal = -0.35 * np.log(ranks)
        self.price = np.log([a.units[0][2] / 100 for a in catalogue])
        by_title = {a.title: k for k, a in enumerate(catalogue)}
        pairs = {(k, by_title[t]) for k, a in enumerate(catalogue) for t in a.goes_with}
        self.goes_with = [sorted({y for x, y in pairs if x == k} | {x for x, y in pairs if y == k}) for k in range(len(catalogue))]
        self.beside = [[j for j, b in enumerate(catalogue) if b.category == a.category and j != k] for k, a in enumerate(catalogue)]


class Visitor:
    """One customer's mind: utility per article, palette, clothes size."""

    def __init__(self, world: World, person: Person, draw: np.random.Generator) -> None:
        taste = source()["tastes"][person.taste]
        liked = [max((w for place, w in taste["places"].items() if a.category.startswith(place)), default=0.0) for a in world.catalogue]
        style = [taste["style"].get(a.style, 0.0) for a in world.catalogue]
        price = -0.35 * np.abs(world.price - np.log(taste["price"]))
        personal = world.latent @ draw.normal(size=LATENT)
        utility = 2.2 * np.array(liked) + 1.5 * np.array(style) + price + 0.8 * personal + world.appeal
        self.chance = _softmax(1.35 * utility)
        self.fit = (utility - utility.mean()) / utility.std()
        self.palette = {colour: 3.0 - 0.45 * k for k, colour in enumerate(taste["colours"])}
        self.palette[str(draw.choice(taste["colours"]))] = 4.0
        self.size = str(draw.choice(["S", "M", "L"], p=[0.3, 0.4, 0.3]))

    def unit(self, article: Article, draw: np.random.Generator) -> int:
        liking = [self.palette.get(colour, 0.0) + (3.0 if size == self.size else 0.0) for colour, size, _ in article.units]
        return int(draw.choice(len(article.units), p=_softmax(1.3 * np.array(liking))))


def behave(catalogue: list[Article], persons: list[Person], seed: int, now: datetime) -> list[Act]:
    """Everything everybody did, in order of time. Persons with documented orders browse but buy nothing here."""
    world = World(catalogue, seed)
    acts: list[Act] = []
    for p, person in enumerate(persons):
        draw = np.random.default_rng([seed, p])
        visitor = Visitor(world, person, draw)
        owned: list[int] = []
        for v, start in enumerate(_visits(person, draw, now)):
            acts += _visit(world, visitor, p, v, start, owned, person.orders is None, draw, now)
    return sorted(acts, key=lambda act: (act.at, act.person, act.visit))


def _visits(person: Person, draw: np.random.Generator, now: datetime) -> list[datetime]:
    days = max(1.0, (now - person.joined).total_seconds() / 86400 - 0.1)
    count = int(np.clip(draw.lognormal(2.0, 0.65), 1, 40))
    found = []
    for ago in draw.beta(1.0, 1.25, size=count) * days:
        moment = (now - timedelta(days=float(ago))).replace(
            hour=int(draw.choice(HOURS)), minute=int(draw.integers(60)), second=0, microsecond=0
        )
        if person.joined <= moment <= now - timedelta(hours=1):
            found.append(moment)
    return sorted(found)


def _visit(
    world: World, visitor: Visitor, p: int, v: int, start: datetime, owned: list[int], buys: bool, draw: np.random.Generator, now: datetime
) -> list[Act]:
    acts: list[Act] = []
    clock = start

    def act(kind: str, article: int | None, unit: int | None, value: float | None = None, query: str | None = None) -> None:
        nonlocal clock
        clock += timedelta(seconds=int(draw.integers(8, 90)))
        acts.append(Act(p, v, article, unit, kind, clock, value, query))

    complements = [c for a in owned[-6:] for c in world.goes_with[a] if c not in owned]
    focus = _pick(complements, draw) if complements and draw.random() < 0.35 else int(draw.choice(len(visitor.chance), p=visitor.chance))
    if draw.random() < 0.35:
        act("search", None, None, query=_query(world.catalogue[focus], draw))
    path = [focus] + [_next(world, visitor, focus, draw) for _ in range(int(draw.integers(1, 5)))]
    for article in dict.fromkeys(path):
        unit = visitor.unit(world.catalogue[article], draw)
        act("click" if draw.random() < 0.4 else "view", article, unit)
        wish = 1 / (1 + np.exp(1.6 - 0.9 * visitor.fit[article])) * (0.3 if article in owned else 1.0)
        if draw.random() > wish:
            continue
        act("cart", article, unit, 1.0)
        if not buys or draw.random() > 0.62:
            continue
        act("purchase", article, unit, float(draw.choice([1, 1, 1, 1, 2, 4])))
        owned.append(article)
        rated = clock + timedelta(days=float(draw.uniform(7, 25)))
        if draw.random() < 0.35 and rated < now:
            stars = int(np.clip(round(3.9 + 0.5 * visitor.fit[article] + draw.normal(0, 0.7)), 1, 5))
            acts.append(Act(p, v, article, unit, "rating", rated, float(stars)))
    return acts


def _next(world: World, visitor: Visitor, focus: int, draw: np.random.Generator) -> int:
    chance = draw.random()
    if chance < 0.35 and world.goes_with[focus]:
        return _pick(world.goes_with[focus], draw)
    if chance < 0.65 and world.beside[focus]:
        near = world.beside[focus]
        weights = visitor.chance[near] + 1e-6
        return int(draw.choice(near, p=weights / weights.sum()))
    return int(draw.choice(len(visitor.chance), p=visitor.chance))


def _query(article: Article, draw: np.random.Generator) -> str:
    words = article.title.lower().split(" set of ")[0]
    choices = (words, " ".join(words.split()[-2:]), article.category.split(" > ")[-1].lower(), f"{article.units[0][0]} {words}")
    return str(choices[int(draw.integers(len(choices)))])


def _pick(options: list[int], draw: np.random.Generator) -> int:
    return options[int(draw.integers(len(options)))]


def _softmax(values: np.ndarray) -> np.ndarray:
    weights = np.exp(values - values.max())
    return weights / weights.sum()


def shuffled(seed: int, *purpose: int) -> Random:
    """A generator of its own for each purpose, so that a change in one place does not stir the others."""
    return Random(hash((seed, *purpose)))  # hashes of integers do not depend on the process
