"""Index the deadlines of runs that are not over, so that those that have passed are found at its beginning.

Why: every pick-up asks for them. Runs without a deadline, and runs that are over, are not in it.
Locks: SHARE UPDATE EXCLUSIVE on workflow_runs while the index is built, which reads the table twice and waits for the transactions that began before;
reads and writes go on. One that fails leaves an invalid index, which the next attempt drops first. In a transaction of the caller's, and in
a script (--sql), writes to runs wait until that is committed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019_index_run_deadlines"
down_revision = "0018_validate_run_limits"
branch_labels = None
depends_on = None

NAME = "ix_workflow_runs__deadline_at_id_unfinished"


def upgrade() -> None:
    if op.get_context().opts.get("owns_transaction"):
        with op.get_context().autocommit_block():
            build(concurrently=True)
    else:
        build(concurrently=False)


def build(*, concurrently: bool) -> None:
    op.drop_index(NAME, "workflow_runs", postgresql_concurrently=concurrently, if_exists=True)
    op.create_index(
        NAME,
        "workflow_runs",
        ["deadline_at", "id"],
        postgresql_where=sa.text("deadline_at IS NOT NULL AND status IN ('pending', 'running')"),
        postgresql_concurrently=concurrently,
    )


def downgrade() -> None:
    if op.get_context().opts.get("owns_transaction"):
        with op.get_context().autocommit_block():
            op.drop_index(NAME, "workflow_runs", postgresql_concurrently=True, if_exists=True)
    else:
        op.drop_index(NAME, "workflow_runs")
