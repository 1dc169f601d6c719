"""Give readers a shelf; it needs the loans of the other branch."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"
depends_on = "0003"
allow = {"locks": "a library has few readers"}


def upgrade():
    op.add_column("reader", sa.Column("shelf_id", sa.BigInteger, sa.ForeignKey("shelf.id", name="fk_reader_shelf_id")))
    op.create_index("ix_reader_shelf_id", "reader", ["shelf_id"])


def downgrade():
    op.drop_column("reader", "shelf_id")
