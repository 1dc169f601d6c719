"""Index the version of a run, so that the foreign key to versions need not look through all runs of a workflow.

Why: a draft that is discarded would read them all.
Locks: SHARE UPDATE EXCLUSIVE on workflow_runs while the index is built, which reads the table twice and waits for the transactions that began before;
reads and writes go on. One that fails leaves an invalid index, which the next attempt drops first. In a transaction of the caller's, and in
a script (--sql), writes to runs wait until that is committed.
"""

from alembic import op

revision = "0024_index_run_versions"
down_revision = "0023_refer_to_versions"
branch_labels = None
depends_on = None

NAME = "ix_workflow_runs__workflow_id_workflow_version"


def upgrade() -> None:
    if op.get_context().opts.get("owns_transaction"):
        with op.get_context().autocommit_block():
            build(concurrently=True)
    else:
        build(concurrently=False)


def build(*, concurrently: bool) -> None:
    op.drop_index(NAME, "workflow_runs", postgresql_concurrently=concurrently, if_exists=True)
    op.create_index(NAME, "workflow_runs", ["workflow_id", "workflow_version"], postgresql_concurrently=concurrently)


def downgrade() -> None:
    if op.get_context().opts.get("owns_transaction"):
        with op.get_context().autocommit_block():
            op.drop_index(NAME, "workflow_runs", postgresql_concurrently=True, if_exists=True)
    else:
        op.drop_index(NAME, "workflow_runs")
