"""Add workflows and the steps of each of their versions.

Why: what is automated. Steps of a published version stay as they are; a new version copies them.
Locks: SHARE ROW EXCLUSIVE on users for the instant in which the foreign key is made; no row is read.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_add_workflows"
down_revision = "0002_add_identity"
branch_labels = None
depends_on = None

timestamp = sa.TIMESTAMP(timezone=True)

UPDATED_AT_TRIGGER = """\
CREATE TRIGGER set_updated_at BEFORE UPDATE ON {table}
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION set_updated_at()"""


def upgrade() -> None:
    op.create_table(
        "workflows",
        sa.Column("id", sa.Uuid, server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("is_enabled", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("settings", postgresql.JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("archived_at", timestamp),
        sa.Column("lock_version", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("jsonb_typeof(settings) = 'object'", name=op.f("ck_workflows__settings_is_object")),
        sa.CheckConstraint(
            "char_length(description) BETWEEN 0 AND 10000", name=op.f("ck_workflows__description_length")
        ),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 200", name=op.f("ck_workflows__name_length")),
        sa.CheckConstraint("pg_column_size(settings) <= 65536", name=op.f("ck_workflows__settings_size")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_workflows__version_positive")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_workflows__owner_id__users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflows")),
    )
    op.create_index(
        "ix_workflows__owner_id_created_at_id",
        "workflows",
        ["owner_id", sa.text("created_at DESC"), sa.text("id DESC")],
    )
    op.create_index(
        "uq_workflows__owner_id_lower_name",
        "workflows",
        ["owner_id", sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.execute(UPDATED_AT_TRIGGER.format(table="workflows"))

    op.create_table(
        "workflow_steps",
        sa.Column("id", sa.Uuid, server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("workflow_id", sa.Uuid, nullable=False),
        sa.Column("workflow_version", sa.Integer, server_default=sa.text("1"), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("step_type", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("depends_on", postgresql.ARRAY(sa.Text), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("config", postgresql.JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("max_attempts", sa.SmallInteger, server_default=sa.text("1"), nullable=False),
        sa.Column("timeout_seconds", sa.Integer),
        sa.Column("created_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("jsonb_typeof(config) = 'object'", name=op.f("ck_workflow_steps__config_is_object")),
        sa.CheckConstraint(
            "key ~ '^[a-z0-9_-]+$' AND char_length(key) <= 64", name=op.f("ck_workflow_steps__key_format")
        ),
        sa.CheckConstraint("NOT (key = ANY (depends_on))", name=op.f("ck_workflow_steps__not_its_own_dependency")),
        sa.CheckConstraint(
            "array_position(depends_on, NULL) IS NULL", name=op.f("ck_workflow_steps__depends_on_no_null")
        ),
        sa.CheckConstraint("cardinality(depends_on) <= 100", name=op.f("ck_workflow_steps__depends_on_count")),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 200", name=op.f("ck_workflow_steps__name_length")),
        sa.CheckConstraint(
            "char_length(step_type) BETWEEN 1 AND 100", name=op.f("ck_workflow_steps__step_type_length")
        ),
        sa.CheckConstraint("max_attempts BETWEEN 1 AND 100", name=op.f("ck_workflow_steps__max_attempts_range")),
        sa.CheckConstraint("pg_column_size(config) <= 262144", name=op.f("ck_workflow_steps__config_size")),
        sa.CheckConstraint("pg_column_size(depends_on) <= 16384", name=op.f("ck_workflow_steps__depends_on_size")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_workflow_steps__position_not_negative")),
        sa.CheckConstraint("timeout_seconds > 0", name=op.f("ck_workflow_steps__timeout_seconds_positive")),
        sa.CheckConstraint("workflow_version >= 1", name=op.f("ck_workflow_steps__workflow_version_positive")),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflows.id"],
            name=op.f("fk_workflow_steps__workflow_id__workflows"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_steps")),
        sa.UniqueConstraint(
            "workflow_id", "workflow_version", "key", name=op.f("uq_workflow_steps__workflow_id_workflow_version_key")
        ),
        sa.UniqueConstraint(
            "workflow_id",
            "workflow_version",
            "position",
            name=op.f("uq_workflow_steps__workflow_id_workflow_version_position"),
        ),
    )
    op.execute(UPDATED_AT_TRIGGER.format(table="workflow_steps"))


def downgrade() -> None:
    op.drop_table("workflow_steps")
    op.drop_table("workflows")
