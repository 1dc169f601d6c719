"""Make e-mail addresses unique by case folding of Unicode, whatever the database's locale.

Why: lower() follows the database's collation. In the locale C it knows ASCII alone, so that é and É were two users; elsewhere it is another function
on each server. casefold() in a collation that PostgreSQL brings itself is one everywhere, and Unicode promises that it stays as it is.
The index on lower(email) goes with the next revision.
Locks: SHARE UPDATE EXCLUSIVE on users while the index is built, which waits for the transactions that began before; reads and writes go on. Where users
have become one since 0010_mend_emails looked, it fails and leaves an invalid index, which the next attempt drops first. In a transaction of the
caller's, and in a script (--sql), writes to users wait until that is committed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012_fold_emails"
down_revision = "0011_validate_emails"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_context().opts.get("owns_transaction"):
        with op.get_context().autocommit_block():
            build(concurrently=True)
    else:
        build(concurrently=False)


def build(*, concurrently: bool) -> None:
    op.drop_index("uq_users__casefold_email", "users", postgresql_concurrently=concurrently, if_exists=True)
    op.create_index(
        "uq_users__casefold_email",
        "users",
        [sa.text("casefold(email COLLATE pg_unicode_fast)")],
        unique=True,
        postgresql_concurrently=concurrently,
    )


def downgrade() -> None:
    if op.get_context().opts.get("owns_transaction"):
        with op.get_context().autocommit_block():
            op.drop_index("uq_users__casefold_email", "users", postgresql_concurrently=True, if_exists=True)
    else:
        op.drop_index("uq_users__casefold_email", "users")
