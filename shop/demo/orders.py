"""The demo orders: one for each visit that ended in a purchase, and the documented ones of the named customers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from random import Random
from typing import Any

from shop.demo.articles import Article
from shop.demo.behaviour import Act
from shop.demo.people import Person
from shop.numbers import ALPHABET

FREE_FROM, SHIPPING = 4000, 395  # minor units
CARRIERS = ("Otter Parcels", "Gannet Post", "Swift & Daughters")
PROMISED = timedelta(days=5)


@dataclass(frozen=True)
class Purchase:
    """An order to be written: who, when, which units (article, unit, quantity), and how it went (a status, or "late")."""

    person: int
    at: datetime
    lines: tuple[tuple[int, int, int], ...]
    fate: str
    documented: bool = False


def purchases(acts: list[Act], persons: list[Person], catalogue: list[Article], rng: Random, now: datetime) -> list[Purchase]:
    """All orders, oldest first."""
    bought = sorted((a for a in acts if a.kind == "purchase"), key=lambda a: (a.person, a.visit))
    found = []
    for (person, _), group in groupby(bought, key=lambda a: (a.person, a.visit)):
        lines = list(group)
        found.append(Purchase(person, lines[-1].at, tuple((a.article, a.unit, int(a.value)) for a in lines), _fate(lines[-1].at, rng, now)))
    by_title = {article.title: k for k, article in enumerate(catalogue)}
    for p, person in enumerate(persons):
        for order in person.orders or ():
            at = now - timedelta(days=order["days"], hours=3, minutes=p)
            found.append(Purchase(p, at, tuple((by_title[title], 0, 1) for title in order["items"]), order["status"], documented=True))
    return sorted(found, key=lambda order: (order.at, order.person))


def _fate(at: datetime, rng: Random, now: datetime) -> str:
    days = (now - at).total_seconds() / 86400
    chance = rng.random()
    if chance < 0.05:
        return "cancelled"
    if days < 1.5:
        return "processing"
    if days < 4.5:
        return "shipped"
    if days < 15:
        return "late" if chance < 0.25 else "delivered"
    return "returned" if days > 20 and chance < 0.09 else "refunded" if days > 30 and chance < 0.14 else "delivered"


def order_row(k: int, order: Purchase, person: Person, subtotal: int, rng: Random, now: datetime) -> dict[str, Any]:
    """Of the orders table, without the customer's id. The number is drawn from the seed: fit for a demo only."""
    shipping = 0 if subtotal >= FREE_FROM else SHIPPING
    status = "shipped" if order.fate == "late" else order.fate
    sent = status not in ("processing", "cancelled")
    arrived = status in ("delivered", "returned", "refunded")
    shipped_at = order.at + timedelta(hours=rng.randint(18, 30)) if sent else None
    delivered_at = min(order.at + timedelta(hours=rng.randint(66, 106)), now - timedelta(hours=1)) if arrived else None
    expected = order.at + PROMISED
    return {
        "number": f"SK-{_letters(rng)}-{_letters(rng)}",
        "external_id": f"demo-{k + 1:05d}",
        "email": person.email,
        "status": status,
        "currency": "GBP",
        "subtotal_minor": subtotal,
        "shipping_minor": shipping,
        "total_minor": subtotal + shipping,
        "address": person.address,
        "carrier": rng.choice(CARRIERS) if sent else "",
        "tracking_number": f"HH{rng.randint(10**8, 10**9 - 1)}GB" if sent else "",
        "placed_at": order.at,
        "expected_at": expected,
        "shipped_at": shipped_at,
        "delivered_at": delivered_at,
        "cancelled_at": order.at + timedelta(minutes=rng.randint(5, 55)) if status == "cancelled" else None,
    }


def return_row(order: dict[str, Any], line_quantities: dict[int, int], order_id: int, rng: Random) -> dict[str, Any]:
    """Of the returns table, for an order that came back: received, or received and refunded. Only the goods are refunded."""
    came = order["delivered_at"] + timedelta(days=rng.randint(2, 9))
    refunded = order["status"] == "refunded"
    return {
        "number": f"RT-{_letters(rng)}-{_letters(rng)}",
        "order_id": order_id,
        "lines": {str(k): n for k, n in line_quantities.items()},
        "reason": rng.choice(("changed my mind", "not as I imagined the colour", "arrived chipped", "too small", "an unwanted gift")),
        "status": "refunded" if refunded else "received",
        "refund_minor": order["subtotal_minor"],
        "requested_at": came,
        "refunded_at": came + timedelta(days=4) if refunded else None,
    }


def _letters(rng: Random) -> str:
    return "".join(rng.choices(ALPHABET, k=4))
