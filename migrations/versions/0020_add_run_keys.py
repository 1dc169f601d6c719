"""Add the keys with which runs are started once, however often a client asks.

Why: after a lost connection nobody knew whether the run was there, and a second attempt made a second one. A table of its own, led by the workflow:
nothing of a run is unique but by the run's id. `run_id` is no foreign key, as a run may once lie on another server.
Locks: SHARE ROW EXCLUSIVE on workflows for the instant in which the foreign key is made; no row is read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020_add_run_keys"
down_revision = "0019_index_run_deadlines"
branch_labels = None
depends_on = None

timestamp = sa.TIMESTAMP(timezone=True)

UPDATED_AT_TRIGGER = """\
CREATE TRIGGER set_updated_at BEFORE UPDATE ON {table}
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION set_updated_at()"""

RANGE = "{column} >= (timestamp '0001-01-01' AT TIME ZONE 'UTC') AND {column} < (timestamp '10000-01-01' AT TIME ZONE 'UTC')"


def upgrade() -> None:
    op.create_table(
        "workflow_run_keys",
        sa.Column("workflow_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("created_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(key) BETWEEN 1 AND 200", name=op.f("ck_workflow_run_keys__key_length")),
        *(
            sa.CheckConstraint(RANGE.format(column=column), name=op.f(f"ck_workflow_run_keys__{column}_range"))
            for column in ("created_at", "updated_at")
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_workflow_run_keys__workflow_id__workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", "key", name=op.f("pk_workflow_run_keys")),
    )
    op.execute(UPDATED_AT_TRIGGER.format(table="workflow_run_keys"))


def downgrade() -> None:
    op.drop_table("workflow_run_keys")
