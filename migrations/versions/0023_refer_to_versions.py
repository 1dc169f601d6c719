"""Let steps and runs refer to their version, for every row that is written from now on.

Why: a run of a version that nobody has made could never be carried out. Rows that are there are validated by 0024_validate_versions.
Locks: SHARE ROW EXCLUSIVE on workflow_versions, workflow_steps and workflow_runs for the instant until the revision is committed; no row is read.
"""

from alembic import op

revision = "0023_refer_to_versions"
down_revision = "0022_fill_workflow_versions"
branch_labels = None
depends_on = None
allow = {
    "compat": "the release before starts runs only of a version that its workflow has, and each of these has its row since 0022"
}

ACTIONS = {"workflow_steps": "CASCADE", "workflow_runs": "RESTRICT"}


def upgrade() -> None:
    for table, action in ACTIONS.items():
        op.create_foreign_key(
            op.f(f"fk_{table}__version__workflow_versions"),
            table,
            "workflow_versions",
            ["workflow_id", "workflow_version"],
            ["workflow_id", "version"],
            ondelete=action,
            postgresql_not_valid=True,
        )


def downgrade() -> None:
    for table in ACTIONS:
        op.drop_constraint(f"fk_{table}__version__workflow_versions", table)
