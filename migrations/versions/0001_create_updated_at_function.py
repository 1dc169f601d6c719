"""Create the function that keeps updated_at true.

Why: one trigger function serves all tables, so that raw SQL, repairs in psql and ON CONFLICT DO UPDATE are covered too.
Locks: nothing that exists; the function is new.
"""

from alembic import op

revision = "0001_create_updated_at_function"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""\
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$""")


def downgrade() -> None:
    op.execute("DROP FUNCTION set_updated_at()")
