"""Add the deadline of a run, after which nobody is to work on it.

Why: a run that took too long, or that nobody began in time, was worked on nevertheless. Runs that are there have none. The CHECK is validated
by 0018_validate_run_limits, so that no row is read under the lock.
Locks: ACCESS EXCLUSIVE on workflow_runs for the instant until the revision is committed; no row is read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016_add_run_deadlines"
down_revision = "0015_fill_run_claims"
branch_labels = None
depends_on = None

RANGE = "deadline_at >= (timestamp '0001-01-01' AT TIME ZONE 'UTC') AND deadline_at < (timestamp '10000-01-01' AT TIME ZONE 'UTC')"


def upgrade() -> None:
    op.add_column("workflow_runs", sa.Column("deadline_at", sa.TIMESTAMP(timezone=True)))
    op.create_check_constraint(
        op.f("ck_workflow_runs__deadline_at_range"), "workflow_runs", RANGE, postgresql_not_valid=True
    )


def downgrade() -> None:
    op.drop_column("workflow_runs", "deadline_at")
