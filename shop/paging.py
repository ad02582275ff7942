"""Lists a page at a time, by keyset (sqlakeyset): a page begins behind the row where another ended, whatever came meanwhile, and the
hundredth costs what the first does."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlakeyset import Marker, Page, Paging, select_page, unserialize_bookmark
from sqlalchemy import Select
from sqlalchemy.orm import Session

from shop.errors import ShopError

__all__ = ["Marker", "Page", "Paging", "page", "place"]
LARGEST = 2**63 - 1
YEARS = range(1970, 9000)


def page(session: Session, query: Select[Any], limit: int, at: Marker | None = None) -> Page:
    """The rows at that place; `.paging` leads on and back. The query's order is of columns that it selects, unique taken together."""
    return select_page(session, query, limit, page=at)


def place(text: str, kinds: Sequence[type]) -> Marker | None:
    """Where a page begins, as a link says it; None for the first page. `kinds`: of the columns that the list is ordered by. Raises
    ShopError bad_place."""
    try:
        marker = unserialize_bookmark(text) if text else None
    except (ValueError, csv.Error, StopIteration):
        raise ShopError("bad_place") from None
    if marker is not None and ([type(one) for one in marker.place or ()] != list(kinds) or not all(map(_fits, marker.place or ()))):
        raise ShopError("bad_place")
    return marker


def _fits(value: Any) -> bool:
    """Whether a database takes it."""
    if isinstance(value, datetime):
        return value.tzinfo is not None and value.year in YEARS
    return not isinstance(value, int) or -LARGEST <= value <= LARGEST
