"""Thumbs about the bot's messages; how many messages a conversation has, kept by triggers."""

import sqlalchemy as sa
from alembic import op

import shop.models.base

revision = 'a4c1e07d93b5'
down_revision = '7b93508185fc'
branch_labels = None
depends_on = None

SQLITE = (
    """CREATE TRIGGER messages_counted AFTER INSERT ON outbox BEGIN
        UPDATE conversations SET messages = messages + 1 WHERE id = new.conversation_id; END""",
    """CREATE TRIGGER messages_uncounted AFTER DELETE ON outbox BEGIN
        UPDATE conversations SET messages = messages - 1 WHERE id = old.conversation_id; END""",
    """CREATE TRIGGER messages_moved AFTER UPDATE OF conversation_id ON outbox WHEN new.conversation_id <> old.conversation_id BEGIN
        UPDATE conversations SET messages = messages - 1 WHERE id = old.conversation_id;
        UPDATE conversations SET messages = messages + 1 WHERE id = new.conversation_id; END""",
)
# Once a statement, not once a row: a bulk load touches each conversation once.
POSTGRESQL = (
    """CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE conversations SET messages = messages + CASE TG_OP WHEN 'INSERT' THEN touched.count ELSE - touched.count END
            FROM (SELECT conversation_id, count(*) FROM touched_rows GROUP BY conversation_id) AS touched WHERE id = touched.conversation_id;
        RETURN NULL; END $$""",
    """CREATE TRIGGER messages_counted AFTER INSERT ON outbox REFERENCING NEW TABLE AS touched_rows
        FOR EACH STATEMENT EXECUTE FUNCTION count_messages()""",
    """CREATE TRIGGER messages_uncounted AFTER DELETE ON outbox REFERENCING OLD TABLE AS touched_rows
        FOR EACH STATEMENT EXECUTE FUNCTION count_messages()""",
    # A trigger with transition tables cannot be limited to a column.
    """CREATE FUNCTION move_message() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE conversations SET messages = messages - 1 WHERE id = old.conversation_id;
        UPDATE conversations SET messages = messages + 1 WHERE id = new.conversation_id;
        RETURN NULL; END $$""",
    """CREATE TRIGGER messages_moved AFTER UPDATE OF conversation_id ON outbox FOR EACH ROW
        WHEN (new.conversation_id <> old.conversation_id) EXECUTE FUNCTION move_message()""",
)


def upgrade() -> None:
    op.create_table(
        'ratings',
        sa.Column('outbox_id', shop.models.base.BigId, autoincrement=False, nullable=False),
        sa.Column('up', sa.Boolean(), nullable=False),
        sa.Column('at', shop.models.base.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(['outbox_id'], ['outbox.id'], name=op.f('fk_ratings_outbox_id'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('outbox_id', name=op.f('pk_ratings')),
    )
    op.create_index('ix_ratings_at', 'ratings', ['at'])
    op.add_column('conversations', sa.Column('messages', sa.Integer(), server_default='0', nullable=False))
    op.execute('UPDATE conversations SET messages = (SELECT count(*) FROM outbox WHERE outbox.conversation_id = conversations.id)')
    op.create_index('ix_conversations_messages_last_message_at', 'conversations', ['messages', 'last_message_at'])
    for statement in SQLITE if op.get_bind().dialect.name == 'sqlite' else POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """The thumbs are lost; nothing else is."""
    on_table = '' if op.get_bind().dialect.name == 'sqlite' else ' ON outbox'
    for trigger in ('messages_counted', 'messages_uncounted', 'messages_moved'):
        op.execute(f'DROP TRIGGER {trigger}{on_table}')
    for function in ('count_messages', 'move_message') if on_table else ():
        op.execute(f'DROP FUNCTION {function}()')
    op.drop_index('ix_conversations_messages_last_message_at', 'conversations')
    op.drop_column('conversations', 'messages')
    op.drop_table('ratings')
