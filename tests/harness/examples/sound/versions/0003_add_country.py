"""Say where authors come from."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    op.add_column("author", sa.Column("country", sa.Text, nullable=False, server_default="unknown"))


def downgrade():
    op.drop_column("author", "country")
