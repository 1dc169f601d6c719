"""Add a priority to runs and fill it in the transaction that holds ACCESS EXCLUSIVE."""

from alembic import op

revision = "h2_add_priority_to_runs"
down_revision = "h1_index_runs_by_trigger"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE workflow_runs ADD COLUMN priority integer")
    op.execute("UPDATE workflow_runs SET priority = CASE trigger_type WHEN 'manual' THEN 1 ELSE 2 END")


def downgrade() -> None:
    op.execute("ALTER TABLE workflow_runs DROP COLUMN priority")
