"""Add the ports that there are."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    port = op.create_table(
        "port",
        sa.Column("id", sa.BigInteger, sa.Identity(always=False), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.bulk_insert(port, [{"name": "Skagen"}, {"name": "Læsø, 100 % by sea"}, {"name": "Grenå: north"}])


def downgrade():
    op.drop_table("port")
