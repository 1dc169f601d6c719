"""Limit e-mail addresses to what can be one, for every row that is written from now on.

Why: an address without @ or with several, with a blank or a control character, reaches nobody, and one in two compositions of Unicode is two
addresses to the unique index. Rows that hold one are mended by the next revision, and the CHECKs validated by the one after.
Locks: ACCESS EXCLUSIVE on users for the instant until the revision is committed; no row is read.
"""

from alembic import op

revision = "0009_limit_emails"
down_revision = "0008_validate_timestamps"
branch_labels = None
depends_on = None
allow = {"compat": "an address without one @ reaches nobody, so that the release before is to be refused it too"}

# Control characters, blanks, and characters that show nothing or turn the direction of the text.
BLANK = r"[\u0001-\u0020\u007F-\u00A0\u00AD\u061C\u1680\u180E\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF\uFFF9-\uFFFB]"


def upgrade() -> None:
    op.execute(f"""\
ALTER TABLE users
ADD CONSTRAINT ck_users__email_has_one_at CHECK (email ~ '^[^@]+@[^@]+$') NOT VALID,
ADD CONSTRAINT ck_users__email_no_blank CHECK (email !~ '{BLANK}') NOT VALID,
ADD CONSTRAINT ck_users__email_normalized CHECK (email IS NFC NORMALIZED) NOT VALID""")


def downgrade() -> None:
    op.execute("""\
ALTER TABLE users
DROP CONSTRAINT ck_users__email_has_one_at,
DROP CONSTRAINT ck_users__email_no_blank,
DROP CONSTRAINT ck_users__email_normalized""")
