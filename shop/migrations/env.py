"""Alembic's entry: runs the migrations on the connection handed over by `shop.migrate`."""

from alembic import context

from shop.models import Base
from shop.models.base import BigId, Json, UtcDateTime, is_mapped

connection = context.config.attributes["connection"]


def our_types(kind: str, item, _autogen) -> str | bool:
    """Names the project's own column types in drafted migrations, where Alembic would spell out their variants."""
    if kind != "type":
        return False
    for name, ours in (("BigId", BigId), ("Json", Json)):
        if item is ours:
            return f"shop.models.base.{name}"
    return "shop.models.base.UtcDateTime()" if isinstance(item, UtcDateTime) else False


context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=our_types,
    compare_type=True,
    include_name=is_mapped,
)
with context.begin_transaction():
    context.run_migrations()
