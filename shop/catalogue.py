"""Reading what the shop sells."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from shop.models import Product

SEPARATOR = " > "
_PACKED = re.compile(r"^(?:box|set|pack|pair) of (?:\d+ )?")
_WITH = re.compile(r" (?:(?:set|pack|box|pair) of|with|for|in) .*")


def product(session: Session, product_id: int) -> Product | None:
    return session.get(Product, product_id)


def by_sku(session: Session, sku: str) -> Product | None:
    return session.scalars(select(Product).where(Product.sku == sku)).one_or_none()


def products(session: Session, ids: Iterable[int]) -> list[Product]:
    """In the order asked for; ids that do not exist are left out."""
    wanted = list(ids)
    found: dict[int, Product] = {}
    for start in range(0, len(wanted), 500):  # both databases limit the parameters of one statement
        chunk = wanted[start : start + 500]
        found |= {p.id: p for p in session.scalars(select(Product).where(Product.id.in_(chunk)))}
    return [found[i] for i in wanted if i in found]


def variants(session: Session, product: Product) -> list[Product]:
    """The active products of the same article, itself included."""
    query = select(Product).where(Product.group_key == product.group_key, Product.active)
    return list(session.scalars(query.order_by(Product.colour, Product.id)))


def page(
    session: Session, category: str | None = None, query: str | None = None, after: int | None = None, limit: int = 24
) -> list[Product]:
    """One product an article, by id: the first variant that satisfies `category` (a path or one of its parts) and `query` (every word
    stands in title, brand, category, colour or material). `after` is the last id of the page before."""
    earlier = aliased(Product)
    is_first = ~exists().where(earlier.group_key == Product.group_key, earlier.id < Product.id, *_shown(earlier, category, query))
    chosen: Select[tuple[Product]] = select(Product).where(*_shown(Product, category, query), is_first)
    if after is not None:
        chosen = chosen.where(Product.id > after)
    return list(session.scalars(chosen.order_by(Product.id).limit(limit)))


def categories(session: Session) -> list[str]:
    """Every category path with an active product, sorted."""
    return sorted(session.scalars(select(Product.category_path).where(Product.active, Product.category_path != "").distinct()))


def head(title: str) -> str:
    """What the thing is, in the singular: "Speckled Breakfast Mug, Green" and "Espresso Mugs Set of 2" -> "mug"."""
    name = _WITH.sub("", _PACKED.sub("", title.casefold().partition(",")[0])).split()
    return singular(name[-1]) if name else ""


def singular(word: str) -> str:
    """Near enough for comparing, as long as both sides are cut."""
    return re.sub(r"(?<=ss)es$|(?<=[xh])es$|s$", "", re.sub(r"ss$", "s", word))


def is_a_thing(session: Session, word: str) -> bool:
    """Whether some active product is one: "mugs", where there is a "Speckled Breakfast Mug"."""
    sought = singular(word.casefold())
    titles = session.scalars(select(Product.title).where(Product.active, Product.title.icontains(sought, autoescape=True)))
    return any(head(title) == sought for title in titles)


def leaf(category_path: str) -> str:
    """ "Home > Lighting > Candles" -> "Candles"."""
    return category_path.rsplit(SEPARATOR.strip(), 1)[-1].strip()


def vocabulary(session: Session) -> dict[str, Any]:
    """The words of the active catalogue, for matching them in a customer's message: sorted lists `categories` (every part of every path),
    `brands`, `colours`, `sizes`, `materials`, `titles`, and `skus`, a dictionary from title to its skus."""
    columns = (Product.title, Product.sku, Product.category_path, Product.brand, Product.colour, Product.size, Product.material)
    rows = session.execute(select(*columns).where(Product.active).order_by(Product.id)).all()
    skus: dict[str, list[str]] = {}
    for row in rows:
        skus.setdefault(row.title, []).append(row.sku)
    words = {name: sorted({getattr(row, column) for row in rows} - {""}) for name, column in _VOCABULARY.items()}
    parts = {part.strip() for row in rows for part in row.category_path.split(SEPARATOR.strip())}
    return {"categories": sorted(parts - {""}), **words, "skus": skus}


_VOCABULARY = {"brands": "brand", "colours": "colour", "sizes": "size", "materials": "material", "titles": "title"}


def write_vocabulary(session: Session, path: Path) -> None:
    """Writes `vocabulary` as JSON. A reader sees the old file or the new one, never a part of one; an unchanged one is not touched."""
    content = json.dumps(vocabulary(session), ensure_ascii=False, indent=1).encode()
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as new:
        try:
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).replace(path)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise


def catalogue_version(session: Session) -> str:
    """A fingerprint that differs after any change of a product's data, price or stock. Answered from an index, without reading products."""
    facts = select(func.count(), func.max(Product.updated_at), func.sum(Product.price_minor), func.sum(Product.stock)).select_from(Product)
    count, changed, prices, stock = session.execute(facts).one()
    return f"{count}:{changed.isoformat() if changed else ''}:{prices or 0}:{stock or 0}"


def _shown(entity: Any, category: str | None, query: str | None) -> list[Any]:
    conditions = [entity.active]
    if category:
        path = entity.category_path
        inside = (path == category, path.startswith(category + SEPARATOR, autoescape=True))
        below = (path.endswith(SEPARATOR + category, autoescape=True), path.contains(f"{SEPARATOR}{category}{SEPARATOR}", autoescape=True))
        conditions.append(or_(*inside, *below))
    for word in (query or "").split()[:8]:
        fields = (entity.title, entity.brand, entity.category_path, entity.colour, entity.material)
        conditions.append(or_(*(field.icontains(word, autoescape=True) for field in fields)))
    return [and_(*conditions)]
