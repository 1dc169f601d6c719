"""Give every version that a workflow, a step or a run names its row, piece by piece; one that has been run is published.

Why: runs and steps are to refer to them. A version without runs is a draft. A version that only a run names gets its row too: what has happened stays.
Locks: none but on the new rows, as many as there are versions; workflow_runs is read once, 10,000 pages in a transaction. May be stopped at any time and
run again from its beginning. In a transaction of the caller's, and in a script (--sql), all is one piece.
"""

from alembic import op

revision = "0022_fill_workflow_versions"
down_revision = "0021_add_workflow_versions"
branch_labels = None
depends_on = None
allow = {"data": "the rows stay: new ones have come by themselves, and the table goes with the revision before"}

FROM_WORKFLOWS_AND_STEPS = """\
INSERT INTO workflow_versions (workflow_id, version)
SELECT id, version FROM workflows
UNION
SELECT workflow_id, workflow_version FROM workflow_steps
ON CONFLICT (workflow_id, version) DO NOTHING"""

# Outside of a transaction a DO block may commit.
FROM_RUNS = """\
DO $$
DECLARE
    step CONSTANT bigint := 10000;
    first_page bigint := 0;
BEGIN
    WHILE first_page * current_setting('block_size')::bigint <= pg_relation_size('workflow_runs') LOOP
        INSERT INTO workflow_versions AS named (workflow_id, version, published_at)
        SELECT workflow_id, workflow_version, min(created_at)
        FROM workflow_runs
        WHERE ctid >= format('(%s,0)', first_page)::tid AND ctid < format('(%s,0)', first_page + step)::tid
        GROUP BY workflow_id, workflow_version
        ON CONFLICT (workflow_id, version) DO UPDATE SET published_at = excluded.published_at
        WHERE named.published_at IS NULL OR named.published_at > excluded.published_at;
        {commit}
        first_page := first_page + step;
    END LOOP;
END
$$"""


def upgrade() -> None:
    if op.get_context().opts.get("owns_transaction"):
        with op.get_context().autocommit_block():
            fill("COMMIT;")
    else:
        fill("")


def fill(commit: str) -> None:
    op.execute(FROM_WORKFLOWS_AND_STEPS)
    op.execute(FROM_RUNS.replace("{commit}", commit))


def downgrade() -> None:
    """Leave the rows, as declared above."""
