"""Give readers a shelf; it needs the loans of the other branch."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"
depends_on = "0003"


def upgrade():
    op.add_column("reader", sa.Column("shelf_id", sa.BigInteger))
    op.create_foreign_key("fk_reader_shelf_id", "reader", "shelf", ["shelf_id"], ["id"], postgresql_not_valid=True)
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE reader VALIDATE CONSTRAINT fk_reader_shelf_id")
        op.create_index("ix_reader_shelf_id", "reader", ["shelf_id"], postgresql_concurrently=True)


def downgrade():
    op.drop_column("reader", "shelf_id")
