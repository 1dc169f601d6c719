"""Give every run that is running a claim, so that one whose worker has died already is found too.

Why: only what has a claim can run out. It lasts an hour: a worker of the release before knows no
heartbeat, and is to end what it has begun. A run that takes such a worker longer is run a second time.
Locks: the runs that are running, FOR KEY SHARE, until the revision is committed; they are found by the index of unfinished runs. A
second time does no harm.
"""

from alembic import op

revision = "0015_fill_run_claims"
down_revision = "0014_add_run_claims"
branch_labels = None
depends_on = None
allow = {"data": "the claims stay: workers may have made them, and the table goes with the revision before"}

FILL = """\
INSERT INTO workflow_run_claims (run_id, held_by, leased_until, available_at)
SELECT id, 'before claims', now() + interval '1 hour', now() + interval '1 hour' FROM workflow_runs WHERE status = 'running'
ON CONFLICT (run_id) DO NOTHING"""


def upgrade() -> None:
    op.execute(FILL)


def downgrade() -> None:
    """Leave the claims, as declared above."""
