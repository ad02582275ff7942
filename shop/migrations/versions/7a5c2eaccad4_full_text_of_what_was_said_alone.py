"""full text of what was said alone"""

from alembic import op

revision = '7a5c2eaccad4'
down_revision = 'a4c1e07d93b5'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """PostgreSQL's index knows which words a message has, not whether it is the text or a product card that has them."""
    if op.get_bind().dialect.name == 'postgresql':
        op.execute("CREATE INDEX ix_message_words_said ON message_words USING gin (ts_filter(words, '{a}'))")


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.drop_index('ix_message_words_said', 'message_words')
