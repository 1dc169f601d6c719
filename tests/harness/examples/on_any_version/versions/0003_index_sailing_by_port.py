"""Find sailings by their port; writes go on meanwhile."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_sailing_port_id")  # what a build that was stopped has left
        op.create_index("ix_sailing_port_id", "sailing", ["port_id"], postgresql_concurrently=True)


def downgrade():
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_sailing_port_id")
