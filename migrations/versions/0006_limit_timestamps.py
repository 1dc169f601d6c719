"""Limit timestamps to what a datetime of Python holds, for every row that is written from now on.

Why: 'infinity' and years beyond 1 to 9999 can be stored and not be read: each read of such a row failed. Rows that hold one are mended by
the next revision, and the CHECKs validated by the one after.
Locks: ACCESS EXCLUSIVE on every table for the instant until the revision is committed; no row is read.
"""

from alembic import op

revision = "0006_limit_timestamps"
down_revision = "0005_add_outbox"
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

# In words that print alike in every time zone, and that are constants before the first row is checked.
ADD = """\
ADD CONSTRAINT ck_{table}__{column}_range CHECK (
    {column} >= (timestamp '0001-01-01' AT TIME ZONE 'UTC') AND {column} < (timestamp '10000-01-01' AT TIME ZONE 'UTC')
) NOT VALID"""


def upgrade() -> None:
    for table, columns in TIMESTAMPS.items():
        added = ",\n".join(ADD.format(table=table, column=column) for column in columns)
        op.execute(f"ALTER TABLE {table}\n{added}")


def downgrade() -> None:
    for table, columns in TIMESTAMPS.items():
        op.execute(
            f"ALTER TABLE {table} " + ", ".join(f"DROP CONSTRAINT ck_{table}__{column}_range" for column in columns)
        )
