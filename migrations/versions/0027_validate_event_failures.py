"""Validate the limit of failures for the events that were there before it.

Why: only then does everybody, the planner too, know that every event keeps it.
Locks: SHARE UPDATE EXCLUSIVE on outbox_events, which is read once; reads and writes go on, vacuum waits. The downgrade takes ACCESS EXCLUSIVE for an
instant and reads no row.
"""

from alembic import op

revision = "0027_validate_event_failures"
down_revision = "0026_add_event_failures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE outbox_events VALIDATE CONSTRAINT ck_outbox_events__failures_not_negative")


def downgrade() -> None:
    op.execute("""\
ALTER TABLE outbox_events
DROP CONSTRAINT ck_outbox_events__failures_not_negative,
ADD CONSTRAINT ck_outbox_events__failures_not_negative CHECK (failures >= 0) NOT VALID""")
