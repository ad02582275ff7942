"""Brings a database to the schema of the code, with Alembic. `python -m shop.migrate "message"` drafts a new migration."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from shop.store import Store


def migrate(store: Store) -> None:
    """Applies every missing migration in one transaction."""
    with store.engine.begin() as connection:
        command.upgrade(_config(connection), "head")


def take_back(store: Store, to: str) -> None:
    """Undoes every migration after the revision `to`, in one transaction."""
    with store.engine.begin() as connection:
        command.downgrade(_config(connection), to)


def schema_version(store: Store) -> tuple[str | None, str | None]:
    """The database's revision and the code's."""
    with store.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found, ScriptDirectory.from_config(_config(None)).get_current_head()


def draft(message: str) -> None:
    """Writes a migration from an up-to-date SQLite database to the mapped classes, to be read and edited."""
    with tempfile.TemporaryDirectory() as folder:
        _draft(Store(f"sqlite:///{folder}/shop.db"), message)


def _draft(store: Store, message: str) -> None:
    with store.engine.begin() as connection:
        command.upgrade(_config(connection), "head")
        command.revision(_config(connection), message, autogenerate=True)


def _config(connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    return config


if __name__ == "__main__":
    draft(" ".join(sys.argv[1:]) or "change")
