"""Add workflow runs and the record of each attempt at a step.

Why: what happened. A run keeps the version that it started with; its state and its times cannot contradict each other.
Locks: SHARE ROW EXCLUSIVE on users, workflows and workflow_steps for the instant in which the foreign keys are made; no row
is read.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_add_runs"
down_revision = "0003_add_workflows"
branch_labels = None
depends_on = None

timestamp = sa.TIMESTAMP(timezone=True)

UPDATED_AT_TRIGGER = """\
CREATE TRIGGER set_updated_at BEFORE UPDATE ON {table}
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION set_updated_at()"""

run_status = postgresql.ENUM(
    "pending", "running", "completed", "failed", "cancelled", name="run_status", create_type=False
)
step_status = postgresql.ENUM(
    "pending", "running", "completed", "failed", "cancelled", "skipped", name="step_status", create_type=False
)
trigger_type = postgresql.ENUM("manual", "schedule", "api", "event", name="trigger_type", create_type=False)


def upgrade() -> None:
    for enum_type in (run_status, step_status, trigger_type):
        enum_type.create(op.get_bind(), checkfirst=False)

    op.create_table(
        "workflow_runs",
        sa.Column("id", sa.Uuid, server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("workflow_id", sa.Uuid, nullable=False),
        sa.Column("workflow_version", sa.Integer, nullable=False),
        sa.Column("status", run_status, server_default=sa.text("'pending'::run_status"), nullable=False),
        sa.Column("trigger_type", trigger_type, server_default=sa.text("'manual'::trigger_type"), nullable=False),
        sa.Column("triggered_by", sa.Uuid),
        sa.Column("input", postgresql.JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("output", postgresql.JSONB),
        sa.Column("error", postgresql.JSONB),
        sa.Column("started_at", timestamp),
        sa.Column("finished_at", timestamp),
        sa.Column("cancel_requested_at", timestamp),
        sa.Column("lock_version", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status IN ('completed', 'failed', 'cancelled')) = (finished_at IS NOT NULL)",
            name=op.f("ck_workflow_runs__finished_when_terminal"),
        ),
        sa.CheckConstraint("jsonb_typeof(error) = 'object'", name=op.f("ck_workflow_runs__error_is_object")),
        sa.CheckConstraint("jsonb_typeof(input) = 'object'", name=op.f("ck_workflow_runs__input_is_object")),
        sa.CheckConstraint("jsonb_typeof(output) = 'object'", name=op.f("ck_workflow_runs__output_is_object")),
        sa.CheckConstraint(
            "status NOT IN ('running', 'completed', 'failed') OR started_at IS NOT NULL",
            name=op.f("ck_workflow_runs__started_when_begun"),
        ),
        sa.CheckConstraint("pg_column_size(error) <= 65536", name=op.f("ck_workflow_runs__error_size")),
        sa.CheckConstraint("pg_column_size(input) <= 1048576", name=op.f("ck_workflow_runs__input_size")),
        sa.CheckConstraint("pg_column_size(output) <= 1048576", name=op.f("ck_workflow_runs__output_size")),
        sa.CheckConstraint("workflow_version >= 1", name=op.f("ck_workflow_runs__workflow_version_positive")),
        sa.ForeignKeyConstraint(
            ["triggered_by"], ["users.id"], name=op.f("fk_workflow_runs__triggered_by__users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_workflow_runs__workflow_id__workflows"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_runs")),
    )
    op.create_index(
        "ix_workflow_runs__status_created_at_id_unfinished",
        "workflow_runs",
        ["status", "created_at", "id"],
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.create_index(
        "ix_workflow_runs__triggered_by",
        "workflow_runs",
        ["triggered_by"],
        postgresql_where=sa.text("triggered_by IS NOT NULL"),
    )
    op.create_index(
        "ix_workflow_runs__workflow_id_created_at_id",
        "workflow_runs",
        ["workflow_id", sa.text("created_at DESC"), sa.text("id DESC")],
    )
    op.execute(UPDATED_AT_TRIGGER.format(table="workflow_runs"))

    op.create_table(
        "run_step_logs",
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("step_id", sa.Uuid, nullable=False),
        sa.Column("step_key", sa.Text, nullable=False),
        sa.Column("attempt", sa.SmallInteger, server_default=sa.text("1"), nullable=False),
        sa.Column("status", step_status, server_default=sa.text("'pending'::step_status"), nullable=False),
        sa.Column("input", postgresql.JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("output", postgresql.JSONB),
        sa.Column("error", postgresql.JSONB),
        sa.Column("message", sa.Text),
        sa.Column("started_at", timestamp),
        sa.Column("finished_at", timestamp),
        sa.Column("created_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status IN ('completed', 'failed', 'cancelled', 'skipped')) = (finished_at IS NOT NULL)",
            name=op.f("ck_run_step_logs__finished_when_terminal"),
        ),
        sa.CheckConstraint("jsonb_typeof(error) = 'object'", name=op.f("ck_run_step_logs__error_is_object")),
        sa.CheckConstraint("jsonb_typeof(input) = 'object'", name=op.f("ck_run_step_logs__input_is_object")),
        sa.CheckConstraint("jsonb_typeof(output) = 'object'", name=op.f("ck_run_step_logs__output_is_object")),
        sa.CheckConstraint(
            "status NOT IN ('running', 'completed', 'failed') OR started_at IS NOT NULL",
            name=op.f("ck_run_step_logs__started_when_begun"),
        ),
        sa.CheckConstraint(
            "step_key ~ '^[a-z0-9_-]+$' AND char_length(step_key) <= 64",
            name=op.f("ck_run_step_logs__step_key_format"),
        ),
        sa.CheckConstraint("attempt >= 1", name=op.f("ck_run_step_logs__attempt_positive")),
        sa.CheckConstraint("char_length(message) BETWEEN 0 AND 65536", name=op.f("ck_run_step_logs__message_length")),
        sa.CheckConstraint("pg_column_size(error) <= 65536", name=op.f("ck_run_step_logs__error_size")),
        sa.CheckConstraint("pg_column_size(input) <= 1048576", name=op.f("ck_run_step_logs__input_size")),
        sa.CheckConstraint("pg_column_size(output) <= 1048576", name=op.f("ck_run_step_logs__output_size")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["workflow_runs.id"], name=op.f("fk_run_step_logs__run_id__workflow_runs"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["step_id"],
            ["workflow_steps.id"],
            name=op.f("fk_run_step_logs__step_id__workflow_steps"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("run_id", "step_id", "attempt", name=op.f("pk_run_step_logs")),
    )
    op.create_index("ix_run_step_logs__step_id", "run_step_logs", ["step_id"])
    op.execute(UPDATED_AT_TRIGGER.format(table="run_step_logs"))


def downgrade() -> None:
    op.drop_table("run_step_logs")
    op.drop_table("workflow_runs")
    for enum_type in (trigger_type, step_status, run_status):
        enum_type.drop(op.get_bind(), checkfirst=False)
