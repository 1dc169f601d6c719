"""Add sailings; the type of their decks is made and dropped with the table."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table(
        "sailing",
        sa.Column("id", sa.BigInteger, sa.Identity(always=False), primary_key=True),
        sa.Column("port_id", sa.BigInteger, sa.ForeignKey("port.id", name="fk_sailing_port_id"), nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=False),
        sa.Column("deck", sa.Enum("car", "lorry", "foot", name="deck"), nullable=False),
        sa.Column("leaves_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("price_cents > 0", name="ck_sailing_price_cents"),
    )
    op.execute("DO $$ BEGIN RAISE NOTICE 'ports have no sailings yet'; END $$")


def downgrade():
    op.drop_table("sailing")
    sa.Enum(name="deck").drop(op.get_bind(), checkfirst=False)
