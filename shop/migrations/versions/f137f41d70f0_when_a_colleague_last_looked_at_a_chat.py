"""When a colleague last looked at a chat."""

import sqlalchemy as sa
from alembic import op

import shop.models.base

revision = 'f137f41d70f0'
down_revision = '7a5c2eaccad4'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('places') as batch_op:
        batch_op.add_column(sa.Column('seen_at', shop.models.base.UtcDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('places') as batch_op:
        batch_op.drop_column('seen_at')
