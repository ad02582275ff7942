"""A store of its own that the command line finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shop.store import Store


@pytest.fixture
def shop_store(tmp_path: Path, sqlite_copy: Callable, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Named by the environment, as are its files, which lie under tmp_path / "var"."""
    with sqlite_copy(tmp_path) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("SHOPKEEPER_VAR_DIR", str(tmp_path / "var"))
        store = Store(url)
        yield store
        store.close()
