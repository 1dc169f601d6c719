"""Bring timestamps that Python cannot read to the nearest that it can, piece by piece.

Why: they were stored before there was a CHECK. What is later than the year 9999, 'infinity' first of all, becomes the last day of that year,
which is what an event of the outbox is parked until; what is earlier than the year 1 becomes its first moment. Each still means
"never" or "always".
Locks: the rows that are mended, until their piece of 10,000 pages is committed; a table is read once. May be stopped at any time and run
again from its beginning. In a transaction of the caller's, and in a script (--sql), all is one piece.
"""

from alembic import op

revision = "0007_mend_timestamps"
down_revision = "0006_limit_timestamps"
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

EARLIEST = "timestamptz '0001-01-01 00:00:00+00'"
LAST_DAY = "timestamptz '9999-12-31 00:00:00+00'"
BEYOND = "timestamptz '10000-01-01 00:00:00+00'"

NEAREST = f"{{column}} = CASE WHEN {{column}} < {EARLIEST} THEN {EARLIEST} WHEN {{column}} >= {BEYOND} THEN {LAST_DAY} ELSE {{column}} END"
UNREADABLE = f"{{column}} < {EARLIEST} OR {{column}} >= {BEYOND}"

# Outside of a transaction a DO block may commit.
MEND = """\
DO $$
DECLARE
    step CONSTANT bigint := 10000;
    first_page bigint := 0;
BEGIN
    WHILE first_page * current_setting('block_size')::bigint <= pg_relation_size('{table}') LOOP
        UPDATE {table} SET {nearest}
        WHERE ctid >= format('(%s,0)', first_page)::tid AND ctid < format('(%s,0)', first_page + step)::tid
            AND ({unreadable});
        {commit}
        first_page := first_page + step;
    END LOOP;
END
$$"""


def upgrade() -> None:
    if op.get_context().opts.get("owns_transaction"):
        with op.get_context().autocommit_block():
            mend("COMMIT;")
    else:
        mend("")


def mend(commit: str) -> None:
    for table, columns in TIMESTAMPS.items():
        nearest = ",\n            ".join(NEAREST.format(column=column) for column in columns)
        unreadable = "\n                OR ".join(UNREADABLE.format(column=column) for column in columns)
        op.execute(MEND.format(table=table, nearest=nearest, unreadable=unreadable, commit=commit))


def downgrade() -> None:
    """Leave the rows as they are: nobody knows any more which of them were mended, and all can be read."""
