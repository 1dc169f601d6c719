"""Count the failures of an event that were reported.

Why: of an event over which relays die nobody could tell how many claims had failed and on how many no relay lived to report. The default is kept in the
catalog, so that no row is written; what failed before is not counted. The CHECK is validated by the next revision.
Locks: ACCESS EXCLUSIVE on outbox_events for the instant until the revision is committed; no row is read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026_add_event_failures"
down_revision = "0025_keep_published"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox_events", sa.Column("failures", sa.SmallInteger, server_default=sa.text("0"), nullable=False))
    op.create_check_constraint(
        op.f("ck_outbox_events__failures_not_negative"), "outbox_events", "failures >= 0", postgresql_not_valid=True
    )


def downgrade() -> None:
    op.drop_column("outbox_events", "failures")
