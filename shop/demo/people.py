"""The demo customers: six named ones whose orders are documented in `people.yml`, the others drawn by seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import yaml

COUNT = 400


@dataclass(frozen=True)
class Person:
    """A customer and the segment of tastes they were drawn from. `orders` are the documented ones; None lets behaviour make them."""

    external_id: str
    name: str
    taste: str
    joined: datetime
    address: dict[str, str] = field(default_factory=dict)
    orders: tuple[dict[str, Any], ...] | None = None

    @property
    def email(self) -> str:
        return self.name.lower().replace(" ", ".").replace("'", "") + "@example.com"

    def row(self) -> dict[str, Any]:
        """Of the customers table, without the random public id."""
        return {
            "external_id": self.external_id,
            "email": self.email,
            "name": self.name,
            "country": "United Kingdom",
            "address": self.address,
            "created_at": self.joined,
        }


@cache
def source() -> dict[str, Any]:
    return yaml.safe_load((Path(__file__).parent / "people.yml").read_text(encoding="utf-8"))


def people(rng: Random, now: datetime, count: int = COUNT) -> list[Person]:
    """`count` customers with distinct names; the named ones come first."""
    data = source()
    named = data["named"]
    taken = {person["name"] for person in named}
    others = [name for first, last in product(data["first"], data["last"]) if (name := f"{first} {last}") not in taken]
    names = [person["name"] for person in named] + rng.sample(others, count - len(named))
    tastes = data["tastes"]
    drawn = rng.choices(list(tastes), [tastes[t]["share"] for t in tastes], k=count)
    found = []
    for k, name in enumerate(names):
        known = named[k] if k < len(named) else None
        joined = now - timedelta(days=rng.randint(30, 540), minutes=rng.randint(0, 1440))
        if known:
            joined = now - timedelta(days=400, minutes=k)
        address = _address(rng, name, data)
        orders = tuple(known["orders"]) if known else None
        found.append(Person(f"cust-{k + 1:03d}", name, known["taste"] if known else drawn[k], joined, address, orders))
    return found


def _address(rng: Random, name: str, data: dict[str, Any]) -> dict[str, str]:
    city, area = rng.choice(data["cities"])
    postcode = f"{area}{rng.randint(1, 19)} {rng.randint(1, 9)}{''.join(rng.choices('ABDEFGHJLNPQRSTUWXYZ', k=2))}"
    line = f"{rng.randint(1, 148)} {rng.choice(data['streets'])}"
    return {"name": name, "line1": line, "line2": "", "city": city, "postcode": postcode, "country": "United Kingdom"}
