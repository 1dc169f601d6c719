"""Add the transactional outbox.

Why: events are written in the transaction that they tell of, and delivered afterwards by the relay. The identity caches no
numbers, so that order within an aggregate holds; autovacuum is told to come often, because every row is updated once.
Locks: nothing that exists; the tables are new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_add_outbox"
down_revision = "0004_add_runs"
branch_labels = None
depends_on = None

timestamp = sa.TIMESTAMP(timezone=True)

UPDATED_AT_TRIGGER = """\
CREATE TRIGGER set_updated_at BEFORE UPDATE ON {table}
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION set_updated_at()"""


def upgrade() -> None:
    op.create_table(
        "outbox_events",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True, cache=1), nullable=False),
        sa.Column("event_id", sa.Uuid, server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("aggregate_type", sa.Text, nullable=False),
        sa.Column("aggregate_id", sa.Uuid, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("schema_version", sa.SmallInteger, server_default=sa.text("1"), nullable=False),
        sa.Column("payload", postgresql.JSONB, nullable=False),
        sa.Column("headers", postgresql.JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("attempts", sa.SmallInteger, server_default=sa.text("0"), nullable=False),
        sa.Column("available_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.Column("last_error", sa.Text),
        sa.Column("published_at", timestamp),
        sa.Column("created_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("jsonb_typeof(headers) = 'object'", name=op.f("ck_outbox_events__headers_is_object")),
        sa.CheckConstraint("jsonb_typeof(payload) = 'object'", name=op.f("ck_outbox_events__payload_is_object")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_events__attempts_not_negative")),
        sa.CheckConstraint(
            "char_length(aggregate_type) BETWEEN 1 AND 100", name=op.f("ck_outbox_events__aggregate_type_length")
        ),
        sa.CheckConstraint(
            "char_length(event_type) BETWEEN 1 AND 200", name=op.f("ck_outbox_events__event_type_length")
        ),
        sa.CheckConstraint(
            "char_length(last_error) BETWEEN 0 AND 10000", name=op.f("ck_outbox_events__last_error_length")
        ),
        sa.CheckConstraint("pg_column_size(headers) <= 16384", name=op.f("ck_outbox_events__headers_size")),
        sa.CheckConstraint("pg_column_size(payload) <= 262144", name=op.f("ck_outbox_events__payload_size")),
        sa.CheckConstraint("schema_version >= 1", name=op.f("ck_outbox_events__schema_version_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_events")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0.01",
            "autovacuum_vacuum_threshold": "1000",
            "autovacuum_vacuum_cost_delay": "0",
            "autovacuum_analyze_scale_factor": "0.02",
        },
    )
    op.create_index(
        "ix_outbox_events__id_unpublished", "outbox_events", ["id"], postgresql_where=sa.text("published_at IS NULL")
    )
    op.execute(UPDATED_AT_TRIGGER.format(table="outbox_events"))


def downgrade() -> None:
    op.drop_table("outbox_events")
