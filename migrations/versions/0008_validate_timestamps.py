"""Validate the limits of timestamps for the rows that were there before them.

Why: only then does everybody, the planner too, know that every timestamp can be read.
Locks: SHARE UPDATE EXCLUSIVE on every table, each of which is read once; reads and writes go on, vacuum waits.
"""

from alembic import op

revision = "0008_validate_timestamps"
down_revision = "0007_mend_timestamps"
branch_labels = None
depends_on = None

TIMESTAMPS = {
    "users": ("email_verified_at", "last_login_at", "created_at", "updated_at"),
    "api_keys": ("expires_at", "last_used_at", "revoked_at", "created_at", "updated_at"),
    "workflows": ("archived_at", "created_at", "updated_at"),
    "workflow_steps": ("created_at", "updated_at"),
    "workflow_runs": ("started_at", "finished_at", "cancel_requested_at", "created_at", "updated_at"),
    "run_step_logs": ("started_at", "finished_at", "created_at", "updated_at"),
    "outbox_events": ("available_at", "published_at", "created_at", "updated_at"),
}

AGAIN = """\
DROP CONSTRAINT ck_{table}__{column}_range,
ADD CONSTRAINT ck_{table}__{column}_range CHECK (
    {column} >= (timestamp '0001-01-01' AT TIME ZONE 'UTC') AND {column} < (timestamp '10000-01-01' AT TIME ZONE 'UTC')
) NOT VALID"""


def upgrade() -> None:
    for table, columns in TIMESTAMPS.items():
        # One statement a table: it is read once for all of its constraints.
        validated = ", ".join(f"VALIDATE CONSTRAINT ck_{table}__{column}_range" for column in columns)
        op.execute(f"ALTER TABLE {table} {validated}")


def downgrade() -> None:
    for table, columns in TIMESTAMPS.items():
        again = ",\n".join(AGAIN.format(table=table, column=column) for column in columns)
        op.execute(f"ALTER TABLE {table}\n{again}")
