from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError

from shop import conversations, outbox
from shop.migrate import migrate, schema_version, take_back
from shop.models import Base, Conversation, Customer, Product
from shop.models.base import is_mapped


def test_migrations_produce_exactly_the_mapped_schema(store):
    with store.engine.connect() as connection:
        how = {"compare_type": True, "compare_server_default": True, "include_name": is_mapped}
        context = MigrationContext.configure(connection, opts=how)
        assert compare_metadata(context, Base.metadata) == []


def test_a_migrated_store_is_at_the_codes_version_and_migrating_again_changes_nothing(store):
    found, wanted = schema_version(store)
    assert found == wanted
    migrate(store)
    assert schema_version(store) == (found, wanted)


def test_every_foreign_key_of_the_mapped_classes_is_in_the_database(store):
    inspector = inspect(store.engine)
    for table in Base.metadata.tables.values():
        mapped = {(fk.parent.name, fk.column.table.name, fk.ondelete) for fk in table.foreign_keys}
        real = inspector.get_foreign_keys(table.name)
        found = {(fk["constrained_columns"][0], fk["referred_table"], (fk["options"] or {}).get("ondelete")) for fk in real}
        assert found == mapped, table.name


def test_an_id_is_not_used_again_after_its_row_was_deleted(store, factory):
    first = factory.guest()
    with store.write() as session:
        session.delete(session.get(Customer, first.id))
    assert factory.guest().id > first.id


def test_a_negative_stock_is_refused_by_the_database(store, factory):
    product = factory.product(stock=0)
    with pytest.raises(IntegrityError), store.write() as session:
        session.get(Product, product.id).stock = -1


def test_a_read_session_stores_nothing(store, factory):
    product = factory.product(title="Mug")
    with store.read() as session:
        session.get(Product, product.id).title = "Jug"
        session.flush()
    with store.read() as session:
        assert session.scalar(select(Product.title)) == "Mug"


def test_the_newest_migrations_can_be_taken_back_and_made_again(store, factory):
    customer = factory.customer()
    with store.write() as session:
        thread = conversations.open_conversation(session, "web", "1", customer.id)
        outbox.append(session, thread.id, [{"text": "a"}, {"text": "b"}], author="bot")
    take_back(store, "7b93508185fc")
    assert "ratings" not in inspect(store.engine).get_table_names()
    migrate(store)
    test_migrations_produce_exactly_the_mapped_schema(store)
    with store.write() as session:
        outbox.append(session, thread.id, [{"text": "c"}], author="bot")
    with store.read() as session:
        assert session.get_one(Conversation, thread.id).messages == 3
