"""Require the priority of every run: SET NOT NULL looks through all rows while nobody can read them."""

from alembic import op

revision = "h3_require_priority_of_runs"
down_revision = "h2_add_priority_to_runs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE workflow_runs SET priority = 0 WHERE priority IS NULL")
    op.execute("ALTER TABLE workflow_runs ALTER COLUMN priority SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE workflow_runs ALTER COLUMN priority DROP NOT NULL")
