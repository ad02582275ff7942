"""The demo storefront, the chat frame and the pictures."""

from __future__ import annotations

import hashlib
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from bot.gateway import sessions, views
from bot.gateway.context import gateway
from bot.gateway.forms import render, render_alone
from bot.gateway.messages import clean
from shop import catalogue
from shop.demo import images
from shop.models import Product

router = APIRouter()
PAGE = 24
HERE = Path(__file__).parent
_ANYWHERE = {"Cross-Origin-Resource-Policy": "cross-origin"}  # other sites' pages load these with our widget


@router.get("/")
async def front(request: Request, q: str = "", after: int | None = None) -> Response:
    query = clean(q)[:200]
    site = gateway(request)
    content = await site.database.read(_grid, site.settings.locale, None, query or None, after)
    return await render(request, "grid.html", {"query": query, "first_page": after is None, **content})


@router.get("/c/{category:path}")
async def category(request: Request, category: str, after: int | None = None) -> Response:
    site = gateway(request)
    content = await site.database.read(_grid, site.settings.locale, category, None, after)
    return await render(request, "grid.html", {"query": "", "first_page": after is None, **content})


@router.get("/p/{sku:path}")
async def product(request: Request, sku: str) -> Response:
    site = gateway(request)
    return await render(request, "product.html", await site.database.read(_product, sku, site.settings.locale))


@router.get("/images/{sku:path}.svg")
async def image(request: Request, sku: str) -> Response:
    """A drawing of the product, for shops and products without photographs."""
    drawing = await gateway(request).database.read(_drawing, sku)
    tag = f'"{hashlib.sha256(drawing).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "public, max-age=3600",
        # Opened by itself a drawing is a document: it may style itself and nothing else.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        **_ANYWHERE,
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(drawing, headers=headers, media_type="image/svg+xml")


@router.get("/chat")
async def chat(request: Request) -> Response:
    """The chat itself; `widget.js` frames it."""
    settings = gateway(request).settings
    content = {"origins": settings.allowed_origins, "longest": settings.message_max_chars}
    return render_alone(request, sessions.ticket(request), "chat.html", content)


@router.get("/widget.js")
async def widget() -> Response:
    headers = {"Cache-Control": "public, max-age=300", **_ANYWHERE}
    return FileResponse(HERE / "static" / "widget.js", media_type="text/javascript", headers=headers)


def _grid(session: Session, locale: str, slug: str | None, query: str | None, after: int | None) -> dict[str, Any]:
    paths = catalogue.categories(session)
    known = views.by_slug(paths)
    if slug is not None and slug not in known:
        raise HTTPException(404)
    category = known[slug] if slug is not None else None
    window = category is None and query is None and after is None
    products = _window(session, known) if window else catalogue.page(session, category, query, after, PAGE + 1)
    more = 0 if window else products[PAGE - 1].id if len(products) > PAGE else None
    return {
        "category": catalogue.leaf(category) if category else "",
        "chips": _window_chips(known) if window else _chips(known, category),
        "trail": _trail(category),
        "products": [views.card(product, locale) for product in products[:PAGE]],
        "more": f"?{f'q={quote(query)}&' if query else ''}after={more}" if more is not None else "",
    }


def _window(session: Session, known: dict[str, str]) -> list[Product]:
    """The shop window: a few things of every department, taken in turn."""
    departments = [path for path in known.values() if catalogue.SEPARATOR not in path]
    if not departments:
        return catalogue.page(session, limit=PAGE)
    each = -(-PAGE // len(departments))
    shelves = [catalogue.page(session, department, limit=each) for department in departments]
    return [product for row in zip_longest(*shelves) for product in row if product is not None][:PAGE]


def _window_chips(known: dict[str, str]) -> list[dict[str, Any]]:
    """The first category of every department; the header names the departments themselves."""
    first: dict[str, str] = {}
    for path in known.values():
        department, separator, _ = path.partition(catalogue.SEPARATOR)
        if separator or department not in first:
            first[department] = first[department] if catalogue.SEPARATOR in first.get(department, "") else path
    return [{"title": catalogue.leaf(path), "url": f"/c/{views.slug(path)}", "here": False} for path in first.values()]


def _chips(known: dict[str, str], category: str | None) -> list[dict[str, str]]:
    """The categories one level below; those beside it when there is nothing below."""
    separator = catalogue.SEPARATOR
    depth = category.count(separator) + 1 if category else 0
    below = [path for path in known.values() if path.count(separator) == depth and (not category or path.startswith(category + separator))]
    if not below and category and separator in category:
        parent = category.rsplit(separator, 1)[0]
        below = [path for path in known.values() if path.count(separator) == depth - 1 and path.startswith(parent + separator)]
    return [{"title": catalogue.leaf(path), "url": f"/c/{views.slug(path)}", "here": path == category} for path in below]


def _trail(category: str | None) -> list[dict[str, str]]:
    parts = category.split(catalogue.SEPARATOR) if category else []
    paths = [catalogue.SEPARATOR.join(parts[: k + 1]) for k in range(len(parts))]
    return [{"title": catalogue.leaf(path), "url": f"/c/{views.slug(path)}"} for path in paths]


def _product(session: Session, sku: str, locale: str) -> dict[str, Any]:
    product = catalogue.by_sku(session, sku)
    if product is None or not product.active:
        raise HTTPException(404)
    variants = [views.card(variant, locale) for variant in catalogue.variants(session, product)]
    return {
        "product": views.card(product, locale),
        "paragraphs": [part for part in product.description.split("\n") if part.strip()],
        "variants": variants if len(variants) > 1 else [],
        "trail": _trail(product.category_path or None),
    }


def _drawing(session: Session, sku: str) -> bytes:
    product = catalogue.by_sku(session, sku)
    if product is None:
        raise HTTPException(404)
    return images.draw(product).encode()
