"""Add of which run another is the retry.

Why: nobody could tell that a run repeats one that failed. The id is no foreign key: runs may once be distributed by id over several servers, and
a key between two runs would then lead from one server to another. The CHECK is validated by the next revision.
Locks: ACCESS EXCLUSIVE on workflow_runs for the instant until the revision is committed; no row is read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017_add_run_retries"
down_revision = "0016_add_run_deadlines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workflow_runs", sa.Column("retry_of", sa.Uuid))
    op.create_check_constraint(
        op.f("ck_workflow_runs__retry_of_another"), "workflow_runs", "retry_of <> id", postgresql_not_valid=True
    )


def downgrade() -> None:
    op.drop_column("workflow_runs", "retry_of")
