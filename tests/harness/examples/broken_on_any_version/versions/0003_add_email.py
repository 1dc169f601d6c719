"""Add a column that the rows that stand there have no value for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.add_column("member", sa.Column("email", sa.Text, nullable=False))


def downgrade():
    op.drop_column("member", "email")
