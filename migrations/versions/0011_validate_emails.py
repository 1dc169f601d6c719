"""Validate the limits of e-mail addresses for the rows that were there before them, and drop the one that they contain.

Why: only then does everybody know that every address is one. An address without any blank has none around it.
Locks: SHARE UPDATE EXCLUSIVE on users, which is read once while reads and writes go on; then ACCESS EXCLUSIVE for the instant in which the
old CHECK goes. The downgrade reads users once under ACCESS EXCLUSIVE.
"""

from alembic import op

revision = "0011_validate_emails"
down_revision = "0010_mend_emails"
branch_labels = None
depends_on = None

LIMITS = ("has_one_at", "no_blank", "normalized")
BLANK = r"[\u0001-\u0020\u007F-\u00A0\u00AD\u061C\u1680\u180E\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF\uFFF9-\uFFFB]"


def upgrade() -> None:
    # A statement of its own, so that users is not read under the lock that dropping takes.
    op.execute("ALTER TABLE users " + ", ".join(f"VALIDATE CONSTRAINT ck_users__email_{limit}" for limit in LIMITS))
    op.execute("ALTER TABLE users DROP CONSTRAINT ck_users__email_trimmed")


def downgrade() -> None:
    op.execute(f"""\
ALTER TABLE users
ADD CONSTRAINT ck_users__email_trimmed CHECK (email = btrim(email)),
DROP CONSTRAINT ck_users__email_has_one_at,
DROP CONSTRAINT ck_users__email_no_blank,
DROP CONSTRAINT ck_users__email_normalized,
ADD CONSTRAINT ck_users__email_has_one_at CHECK (email ~ '^[^@]+@[^@]+$') NOT VALID,
ADD CONSTRAINT ck_users__email_no_blank CHECK (email !~ '{BLANK}') NOT VALID,
ADD CONSTRAINT ck_users__email_normalized CHECK (email IS NFC NORMALIZED) NOT VALID""")
