"""Add the stock, in a schema of its own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

state = postgresql.ENUM("in", "out", name="state", schema="stock", create_type=False)


def upgrade():
    op.execute("CREATE SCHEMA stock")
    op.execute("CREATE TYPE stock.state AS ENUM ('in', 'out')")
    op.create_table(
        "pallet",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("state", state, nullable=False),
        schema="stock",
    )


def downgrade():
    op.drop_table("pallet", schema="stock")
    op.execute("DROP TYPE stock.state")
    op.execute("DROP SCHEMA stock")
