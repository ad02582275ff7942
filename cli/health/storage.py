"""Is the database whole, of the right schema, filled, and is there room on the disk?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from cli.health.check import Check, fail, ok, warn
from shop import policies
from shop.migrate import schema_version
from shop.models import Customer, Product
from shop.settings import Settings
from shop.store import Store

LEAST_GB, ENOUGH_GB = 0.5, 2.0


def disk(settings: Settings) -> Check:
    place = next(folder for folder in (settings.var_dir, *settings.var_dir.parents) if folder.exists())
    free = shutil.disk_usage(place).free / 1e9
    if free < LEAST_GB:
        return fail(
            "disk",
            f"{free:.2f} GB free under {place}: the shop cannot go on",
            "free some space, or set SHOPKEEPER_VAR_DIR to a disk with room",
        )
    if free < ENOUGH_GB:
        return warn("disk", f"{free:.1f} GB free under {place}", "free some space soon")
    return ok("disk", f"{free:.1f} GB free")


def database(settings: Settings) -> Iterator[Check]:
    if not settings.database_url and not (settings.var_dir / "shop.db").exists():
        yield fail("database", "there is none yet", "make run")
        return
    store = Store(settings.store_url)
    try:
        found, wanted = schema_version(store)
        if found != wanted:
            yield fail("schema", f"the database has {found or 'no schema'}, this program needs {wanted}", "stop the shop, then: make run")
            return
        yield ok("schema", f"{store.dialect}, version {found}")
        yield integrity(store)
        yield filled(store)
    except SQLAlchemyError as error:
        yield fail("database", f"cannot be used: {type(error).__name__}", "check DATABASE_URL and that the database server is running")
    finally:
        store.close()


def integrity(store: Store) -> Check:
    """SQLite: every page readable and in place. PostgreSQL guards its own pages; there the answer to a query has to do."""
    with store.read() as session:
        if store.dialect != "sqlite":
            session.execute(text("SELECT 1"))
            return ok("database", "answers")
        problems = [row for row in session.scalars(text("PRAGMA quick_check(5)")) if row != "ok"]
    if problems:
        mend = "stop the shop, keep a copy of var/shop.db, then: sqlite3 var/shop.db .recover | sqlite3 var/mended.db"
        return fail("database", f"damaged: {'; '.join(problems)[:200]}", mend)
    return ok("database", "whole (quick_check)")


def filled(store: Store) -> Check:
    with store.read() as session:
        products = session.scalar(select(func.count()).select_from(Product).where(Product.active)) or 0
        customers = session.scalar(select(func.count()).select_from(Customer)) or 0
    if not products:
        return warn("catalogue", "there are no products to sell", ".venv/bin/shopkeeper import --help")
    return ok("catalogue", f"{products:,} products, {customers:,} customers")


def promises(settings: Settings) -> Check:
    """The file of delivery, returns, warranty, hours: can it be read?"""
    path = settings.policies_file or policies.SHIPPED
    try:
        found = policies.read(path)
    except policies.BadPolicies as error:
        faults = str(error).splitlines()
        return fail("policies", faults[0] + (f" and {len(faults) - 1} more" if len(faults) > 1 else ""), f"edit {path}")
    return ok("policies", f"of {found.seller.name}")
