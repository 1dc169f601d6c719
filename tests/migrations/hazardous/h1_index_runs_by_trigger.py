"""Index runs by what started them, while writers wait: CREATE INDEX without CONCURRENTLY."""

from alembic import op

revision = "h1_index_runs_by_trigger"
down_revision = "the head"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_workflow_runs__trigger_type_created_at ON workflow_runs (trigger_type, created_at)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_workflow_runs__trigger_type_created_at")
