"""What the importers' tests share: sample files, a digest of the store, and quick ways to import a text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from shop.importers import CleaningReport, import_file
from shop.models import Base
from shop.settings import PROJECT
from shop.store import Store

SLICE = PROJECT / "tests" / "data" / "online_retail_slice.csv"


@pytest.fixture
def digest() -> Callable[[Store], str]:
    """Of every row of every table, ids and times included."""

    def of(store: Store) -> str:
        found = hashlib.sha256()
        with store.read() as session:
            for table in Base.metadata.sorted_tables:
                found.update(table.name.encode())
                for row in session.execute(select(table).order_by(*table.primary_key)):
                    found.update(repr(tuple(row)).encode())
        return found.hexdigest()

    return of


@pytest.fixture
def bring(store: Store, tmp_path: Path) -> Callable[..., CleaningReport]:
    """`bring(text, importer, kind, **options)` imports the text as a file."""

    def run(text: str | bytes, name: str, kind: str = "", **options) -> CleaningReport:
        path = tmp_path / "file.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return import_file(store, path, name, kind, **options)

    return run


@pytest.fixture
def slice_path() -> Path:
    return SLICE
