"""Add claims on runs: who works on a run, under which number of attempt, and until when.

Why: the run of a worker that died stayed `running` for ever. A narrow table and not columns of workflow_runs: an update of a run reads its
documents again for their CHECKs, and a heartbeat comes every few seconds. Its key begins with the run's id, and nothing else is unique.
Locks: SHARE ROW EXCLUSIVE on workflow_runs for the instant in which the foreign key is made; no row is read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014_add_run_claims"
down_revision = "0013_drop_lower_email"
branch_labels = None
depends_on = None

timestamp = sa.TIMESTAMP(timezone=True)

UPDATED_AT_TRIGGER = """\
CREATE TRIGGER set_updated_at BEFORE UPDATE ON {table}
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION set_updated_at()"""

RANGE = "{column} >= (timestamp '0001-01-01' AT TIME ZONE 'UTC') AND {column} < (timestamp '10000-01-01' AT TIME ZONE 'UTC')"


def upgrade() -> None:
    op.create_table(
        "workflow_run_claims",
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("attempt", sa.SmallInteger, server_default=sa.text("1"), nullable=False),
        sa.Column("held_by", sa.Text),
        sa.Column("leased_until", timestamp, nullable=False),
        sa.Column("available_at", timestamp, nullable=False),
        sa.Column("created_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("attempt >= 1", name=op.f("ck_workflow_run_claims__attempt_positive")),
        sa.CheckConstraint(
            "char_length(held_by) BETWEEN 1 AND 200", name=op.f("ck_workflow_run_claims__held_by_length")
        ),
        *(
            sa.CheckConstraint(RANGE.format(column=column), name=op.f(f"ck_workflow_run_claims__{column}_range"))
            for column in ("leased_until", "available_at", "created_at", "updated_at")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["workflow_runs.id"],
            name=op.f("fk_workflow_run_claims__run_id__workflow_runs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_workflow_run_claims")),
        postgresql_with={
            "fillfactor": "50",
            "autovacuum_vacuum_scale_factor": "0.01",
            "autovacuum_vacuum_threshold": "1000",
            "autovacuum_vacuum_cost_delay": "0",
            "autovacuum_analyze_scale_factor": "0.02",
        },
    )
    op.create_index("ix_workflow_run_claims__available_at_run_id", "workflow_run_claims", ["available_at", "run_id"])
    op.execute(UPDATED_AT_TRIGGER.format(table="workflow_run_claims"))


def downgrade() -> None:
    op.drop_table("workflow_run_claims")
