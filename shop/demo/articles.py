"""The demo catalogue: reads `catalogue/*.yml` and spells out every sellable unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import yaml

from shop.money import to_minor

FOLDER = Path(__file__).parent / "catalogue"
CARE = {
    "wool": "Wash by hand in cool water and dry flat.",
    "cotton": "Machine wash at forty degrees; it can take it.",
    "linen": "Machine wash at forty and hang while damp, if you like it smooth.",
    "stoneware": "Dishwasher safe.",
    "glass": "Wipe with a soft cloth, or wash by hand.",
    "wood": "Wipe clean and oil now and then.",
    "oak": "Wipe clean and oil now and then.",
    "leather": "Feed it with a little wax once a season.",
    "wax": "Trim the wick to five millimetres before each lighting.",
    "silver": "Polish with a soft cloth; keep away from scent and hairspray.",
    "cast iron": "Wash by hand and dry it at once.",
    "paper": "Printed in England on responsibly sourced paper.",
    "canvas": "Sponge clean with cold water.",
}
ORIGIN = ("Made for us by {brand}.", "From {brand}, a small maker we have worked with for years.", "Part of the {brand} range.")


@dataclass(frozen=True)
class Article:
    """What is designed once and sold in several colours and sizes. `units`: (colour, size, price in minor units)."""

    number: int
    title: str
    category: str
    brand: str
    material: str
    style: str
    text: str
    tags: tuple[str, ...]
    goes_with: tuple[str, ...]
    units: tuple[tuple[str, str, int], ...]

    @property
    def key(self) -> str:
        return self.title.lower().replace(" ", "-")


def articles() -> list[Article]:
    """All articles, in file order."""
    found: list[Article] = []
    for path in sorted(FOLDER.glob("*.yml")):
        for category, rows in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            found += [_article(len(found) + k + 1, category, row) for k, row in enumerate(rows)]
    return found


def _article(number: int, category: str, row: dict[str, Any]) -> Article:
    sizes = row.get("sizes") or {"": row["price"]}
    units = tuple((c, str(size), to_minor(Decimal(str(price)), "GBP")) for c in row["colours"] for size, price in sizes.items())
    return Article(
        number,
        row["title"],
        category,
        row["brand"],
        row["material"],
        row["style"],
        row["text"],
        tuple(row.get("tags", ())),
        tuple(row.get("with", ())),
        units,
    )


def product_rows(all_articles: list[Article], rng: Random, now: datetime) -> list[dict[str, Any]]:
    """One row of the products table for each unit, in the order of `all_articles` and their units."""
    return [_row(article, k, rng, now) for article in all_articles for k in range(len(article.units))]


def sku(article: Article, k: int) -> str:
    return f"HH-{article.number:03d}{k + 1:02d}"


def _row(article: Article, k: int, rng: Random, now: datetime) -> dict[str, Any]:
    colour, size, price = article.units[k]
    many_colours = len({unit[0] for unit in article.units}) > 1
    extras = [part for part in (colour.title() if many_colours else "", size if size.isupper() else size.capitalize()) if part]
    created = now - timedelta(days=rng.randint(560, 900))
    return {
        "sku": sku(article, k),
        "group_key": article.key,
        "title": ", ".join([article.title, *extras]),
        "description": describe(article, colour, size),
        "brand": article.brand,
        "category_path": article.category,
        "price_minor": price,
        "currency": "GBP",
        "stock": _stock(rng),
        "colour": colour,
        "size": size,
        "material": article.material,
        "image_url": f"/images/{sku(article, k)}.svg",
        "tags": list(article.tags),
        "active": True,
        "created_at": created,
        "updated_at": created,
    }


def describe(article: Article, colour: str, size: str) -> str:
    care = next((CARE[word] for word in sorted(CARE, key=len, reverse=True) if word in article.material), "")
    look = f"This one is {colour}" + (f", size {size}." if size else ".")
    return " ".join(part for part in (article.text, look, care, ORIGIN[article.number % len(ORIGIN)].format(brand=article.brand)) if part)


def _stock(rng: Random) -> int:
    chance = rng.random()
    return 0 if chance < 0.05 else rng.randint(1, 4) if chance < 0.15 else rng.randint(8, 120)
