"""Drop the unique index on lower(email), which the one on the folded address replaces.

Why: addresses that are one to it are one to the folded index too, and what is left of the difference is the database's locale. A process of
the release before still asks for lower(email) and reads all of users until it is replaced.
Locks: SHARE UPDATE EXCLUSIVE on users, and it waits for the transactions that may use the index; reads and writes go on. The downgrade builds it
CONCURRENTLY too. In a transaction of the caller's, and in a script (--sql), ACCESS EXCLUSIVE until that is committed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013_drop_lower_email"
down_revision = "0012_fold_emails"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_context().opts.get("owns_transaction"):
        with op.get_context().autocommit_block():
            op.drop_index("uq_users__lower_email", "users", postgresql_concurrently=True, if_exists=True)
    else:
        op.drop_index("uq_users__lower_email", "users")


def downgrade() -> None:
    if op.get_context().opts.get("owns_transaction"):
        with op.get_context().autocommit_block():
            build(concurrently=True)
    else:
        build(concurrently=False)


def build(*, concurrently: bool) -> None:
    op.drop_index("uq_users__lower_email", "users", postgresql_concurrently=concurrently, if_exists=True)
    op.create_index(
        "uq_users__lower_email",
        "users",
        [sa.text("lower(email)")],
        unique=True,
        postgresql_concurrently=concurrently,
    )
