"""Validate that steps and runs refer to a version that there is, for the rows that were there before.

Why: only then does everybody know that each has one. A run of a version that nobody made, written between 0022 and 0023, gets its row first. No index of its
own serves the foreign key: a version that is deleted reads the runs of its workflow by the index that lists them, which happens to drafts alone, and
an index would cost every run.
Locks: SHARE UPDATE EXCLUSIVE on workflow_steps and workflow_runs and ROW SHARE on workflow_versions; each is read, workflow_runs twice, while reads and
writes go on; vacuum waits. The downgrade takes SHARE ROW EXCLUSIVE for an instant and reads no row.
"""

from alembic import op

revision = "0024_validate_versions"
down_revision = "0023_refer_to_versions"
branch_labels = None
depends_on = None

ACTIONS = {"workflow_steps": "CASCADE", "workflow_runs": "RESTRICT"}

FILL = """\
INSERT INTO workflow_versions (workflow_id, version, published_at)
SELECT run.workflow_id, run.workflow_version, min(run.created_at)
FROM workflow_runs AS run
WHERE NOT EXISTS (
    SELECT FROM workflow_versions AS named
    WHERE named.workflow_id = run.workflow_id AND named.version = run.workflow_version
)
GROUP BY run.workflow_id, run.workflow_version
ON CONFLICT (workflow_id, version) DO NOTHING"""

AGAIN = """\
ALTER TABLE {table}
DROP CONSTRAINT fk_{table}__version__workflow_versions,
ADD CONSTRAINT fk_{table}__version__workflow_versions FOREIGN KEY (workflow_id, workflow_version)
REFERENCES workflow_versions (workflow_id, version) ON DELETE {action} NOT VALID"""


def upgrade() -> None:
    op.execute(FILL)
    for table in ACTIONS:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT fk_{table}__version__workflow_versions")


def downgrade() -> None:
    for table, action in ACTIONS.items():
        op.execute(AGAIN.format(table=table, action=action))
