"""Add users and their API keys.

Why: everything has an owner. E-mail addresses are unique whatever their case; of a key only the hash is stored.
Locks: nothing that exists; the tables are new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_add_identity"
down_revision = "0001_create_updated_at_function"
branch_labels = None
depends_on = None

timestamp = sa.TIMESTAMP(timezone=True)

UPDATED_AT_TRIGGER = """\
CREATE TRIGGER set_updated_at BEFORE UPDATE ON {table}
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION set_updated_at()"""


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid, server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text),
        sa.Column("password_hash", sa.Text),
        sa.Column("is_active", sa.Boolean, server_default=sa.text("true"), nullable=False),
        sa.Column("is_superuser", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("email_verified_at", timestamp),
        sa.Column("last_login_at", timestamp),
        sa.Column("created_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(display_name) BETWEEN 1 AND 200", name=op.f("ck_users__display_name_length")),
        sa.CheckConstraint("char_length(email) BETWEEN 3 AND 320", name=op.f("ck_users__email_length")),
        sa.CheckConstraint("char_length(password_hash) BETWEEN 1 AND 512", name=op.f("ck_users__password_hash_length")),
        sa.CheckConstraint("email = btrim(email)", name=op.f("ck_users__email_trimmed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index("uq_users__lower_email", "users", [sa.text("lower(email)")], unique=True)
    op.execute(UPDATED_AT_TRIGGER.format(table="users"))

    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid, server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("hash_version", sa.SmallInteger, server_default=sa.text("1"), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("expires_at", timestamp),
        sa.Column("last_used_at", timestamp),
        sa.Column("revoked_at", timestamp),
        sa.Column("created_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", timestamp, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("prefix ~ '^[A-Za-z0-9_]{8,64}$'", name=op.f("ck_api_keys__prefix_format")),
        sa.CheckConstraint("array_position(scopes, NULL) IS NULL", name=op.f("ck_api_keys__scopes_no_null")),
        sa.CheckConstraint("cardinality(scopes) <= 100", name=op.f("ck_api_keys__scopes_count")),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 100", name=op.f("ck_api_keys__name_length")),
        sa.CheckConstraint("hash_version >= 1", name=op.f("ck_api_keys__hash_version_positive")),
        sa.CheckConstraint("octet_length(key_hash) = 32", name=op.f("ck_api_keys__key_hash_size")),
        sa.CheckConstraint("pg_column_size(scopes) <= 16384", name=op.f("ck_api_keys__scopes_size")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_api_keys__user_id__users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys__prefix")),
    )
    op.create_index("ix_api_keys__user_id", "api_keys", ["user_id"])
    op.execute(UPDATED_AT_TRIGGER.format(table="api_keys"))


def downgrade() -> None:
    op.drop_table("api_keys")
    op.drop_table("users")
