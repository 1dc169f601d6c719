"""Add the fleet, which refers to the stock."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.execute("CREATE SCHEMA fleet")
    op.create_table(
        "van",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column(
            "pallet_id",
            sa.BigInteger,
            sa.ForeignKey("stock.pallet.id", name="fk_van_pallet_id"),
            nullable=False,
        ),
        schema="fleet",
    )
    op.create_index("ix_fleet_van_pallet_id", "van", ["pallet_id"], schema="fleet")


def downgrade():
    op.drop_table("van", schema="fleet")
    op.execute("DROP SCHEMA fleet")
