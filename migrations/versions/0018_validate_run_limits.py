"""Validate the limits of deadlines and retries for the runs that were there before them.

Why: only then does everybody, the planner too, know that every row keeps them.
Locks: SHARE UPDATE EXCLUSIVE on workflow_runs, which is read once for both; reads and writes go on, vacuum waits. The downgrade takes ACCESS EXCLUSIVE
for an instant and reads no row.
"""

from alembic import op

revision = "0018_validate_run_limits"
down_revision = "0017_add_run_retries"
branch_labels = None
depends_on = None

RANGE = "deadline_at >= (timestamp '0001-01-01' AT TIME ZONE 'UTC') AND deadline_at < (timestamp '10000-01-01' AT TIME ZONE 'UTC')"


def upgrade() -> None:
    op.execute("""\
ALTER TABLE workflow_runs
VALIDATE CONSTRAINT ck_workflow_runs__deadline_at_range,
VALIDATE CONSTRAINT ck_workflow_runs__retry_of_another""")


def downgrade() -> None:
    op.execute(f"""\
ALTER TABLE workflow_runs
DROP CONSTRAINT ck_workflow_runs__deadline_at_range,
DROP CONSTRAINT ck_workflow_runs__retry_of_another,
ADD CONSTRAINT ck_workflow_runs__deadline_at_range CHECK ({RANGE}) NOT VALID,
ADD CONSTRAINT ck_workflow_runs__retry_of_another CHECK (retry_of <> id) NOT VALID""")
