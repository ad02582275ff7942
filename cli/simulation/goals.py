"""What a simulated shopper wants, drawn from the shop's own catalogue and orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import catalogue, orders
from shop.models import Order, Product, now

KINDS = ("find", "find", "find", "gift", "switch", "track", "return")
AVERSE = 0.4  # share of shoppers who cannot stand a material
PLAIN = {"a", "of", "set", "the", "box", "and", "in"}


@dataclass(frozen=True)
class Goal:
    """`thing` is asked for and must stand in a product's title; the other wishes must hold, too. `averse`: a material never to be shown.
    `order`: number and email of the order that a service goal is about."""

    kind: str
    thing: str = ""
    first: str = ""  # what a shopper who changes their mind asks for before
    colour: str = ""
    material: str = ""
    price_max: int | None = None  # minor units
    averse: str = ""
    recipient: str = ""
    likes: str = ""
    order: tuple[str, str] = ("", "")

    def met_by(self, product: Product) -> bool:
        if self.kind == "gift":
            return self.price_max is None or product.price_minor <= self.price_max
        return (
            self.thing in product.title.casefold()
            and self.colour in product.colour.casefold()
            and self.material in product.material.casefold()
            and (self.price_max is None or product.price_minor <= self.price_max)
            and not self.violated_by(product)
        )

    def violated_by(self, product: Product) -> bool:
        return bool(self.averse) and self.averse in f"{product.material} {product.title}".casefold().split()


@dataclass
class Shop:
    """What goals are drawn from, read once."""

    products: Sequence[Product]
    trackable: list[tuple[str, str]] = field(default_factory=list)
    returnable: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, session: Session) -> Shop:
        there = select(Product).where(Product.active, Product.stock > 0).order_by(Product.id)
        shop = cls(list(session.scalars(there)))
        at = now()
        newest = select(Order).where(Order.email != "").order_by(Order.placed_at.desc(), Order.id.desc()).limit(600)
        for order in session.scalars(newest):
            status = orders.status_of(order, at)
            if status.returnable:
                shop.returnable.append((order.number, order.email))
            elif order.status in orders.OPEN:
                shop.trackable.append((order.number, order.email))
        return shop


def draw(shop: Shop, number: int, rng: Random) -> Goal:
    """The goal of shopper `number`. Each service goal has an order of its own, as long as there are enough."""
    kind = rng.choice(KINDS)
    if kind == "track" and shop.trackable:
        return Goal("track", order=shop.trackable[number % len(shop.trackable)])
    if kind == "return" and number < len(shop.returnable):
        return Goal("return", order=shop.returnable[number])
    product = rng.choice(shop.products)
    averse = averse_to(shop, product, rng) if rng.random() < AVERSE else ""
    if kind == "gift":
        return gift(shop, averse, rng)
    limit = round_up(product.price_minor) if rng.random() < 0.5 else None
    wished = rng.random()
    found = Goal(
        "find",
        thing=head(product),
        colour=product.colour.casefold() if wished < 0.35 and plain(product.colour) else "",
        material=product.material.casefold() if wished > 0.75 and plain(product.material) else "",
        price_max=limit,
        averse=averse,
    )
    if kind != "switch":
        return found
    other = rng.choice([one for one in shop.products if head(one) != found.thing])
    return Goal("switch", found.thing, head(other), found.colour, found.material, found.price_max, averse)


def gift(shop: Shop, averse: str, rng: Random) -> Goal:
    """A present for somebody who likes what one of the shop's categories is about."""
    product = rng.choice(shop.products)
    department = product.category_path.split(catalogue.SEPARATOR)[0].casefold()
    likes = {"garden": "gardening", "kitchen": "cooking", "bath": "long baths", "toys": "games", "stationery": "writing"}
    budget = max(round_up(product.price_minor), 1000)
    return Goal("gift", likes=likes.get(department, department), price_max=budget * 12 // 10, averse=averse)


def head(product: Product) -> str:
    """What the product is called for short: the last words of its title before the variant ("t-light holder")."""
    words = product.title.split(",")[0].split(" Set of")[0].split()
    short = words[-2:] if len(words) > 2 and len(words[-1]) < 6 else words[-1:]
    return " ".join(word for word in short if word.casefold() not in PLAIN).casefold()


def averse_to(shop: Shop, wanted: Product, rng: Random) -> str:
    """A material in one word that the wanted product does not have."""
    materials = sorted({one.material.casefold() for one in shop.products if plain(one.material)})
    return rng.choice([material for material in materials if material not in f"{wanted.material} {wanted.title}".casefold()])


def plain(value: str) -> bool:
    return value.isalpha() and len(value) > 2


def round_up(minor: int) -> int:
    """The next five of the currency, in minor units, so that the price itself is within."""
    return (minor // 500 + 1) * 500
