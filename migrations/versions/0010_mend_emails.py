r"""Mend e-mail addresses that are no longer allowed, piece by piece, and refuse users who would become one.

Why: they were stored before there was a CHECK. Blanks and control characters around an address are taken off, those inside become `_`, and it is
composed (NFC). What then has no @ or several reaches nobody: it becomes an address in `address.invalid`, a domain that never is one (RFC 2606),
with what it was and the user's id before the @, so that a person can find and ask that user. Whatever an address said is no longer verified
where more than its ends and its composition has changed.
Refuses, before anything is changed, users whose addresses would then be one whatever their case: who of them keeps it, a person has to say.
The error names their ids.
Locks: the rows that are mended, until their piece of 10,000 pages is committed; users is read twice. May be stopped at any time and run again
from its beginning. In a transaction of the caller's, and in a script (--sql), all is one piece.
"""

from alembic import op

revision = "0010_mend_emails"
down_revision = "0009_limit_emails"
branch_labels = None
depends_on = None
allow = {"data": "an address that reached nobody is no longer verified, and what it was is kept in its mended form"}

BLANK = r"[\u0001-\u0020\u007F-\u00A0\u00AD\u061C\u1680\u180E\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF\uFFF9-\uFFFB]"

FORBIDDEN = f"email !~ '^[^@]+@[^@]+$' OR email ~ '{BLANK}' OR email IS NOT NFC NORMALIZED"
TRIMMED = f"normalize(regexp_replace(email, '^{BLANK}+|{BLANK}+$', '', 'g'), NFC)"
FILLED = f"regexp_replace({TRIMMED}, '{BLANK}', '_', 'g')"
# The first 200 characters, a hyphen, the 36 of the id and the domain stay below the 320 that the column takes.
MENDED = f"""\
CASE
    WHEN {FILLED} ~ '^[^@]+@[^@]+$' AND char_length({FILLED}) <= 320 THEN {FILLED}
    ELSE left(replace({FILLED}, '@', '_'), 200) || '-' || id || '@address.invalid'
END"""

# An SQLSTATE whose message is told: those of data are withheld, because they quote values, and this one names ids.
REFUSE = f"""\
DO $$
DECLARE
    alike text;
BEGIN
    SELECT string_agg(ids, '; ' ORDER BY ids) INTO alike FROM (
        SELECT string_agg(id::text, ', ' ORDER BY id) AS ids
        FROM (SELECT id, {MENDED} AS email FROM users) AS mended
        GROUP BY casefold(email COLLATE pg_unicode_fast)
        HAVING count(*) > 1
        ORDER BY 1
        LIMIT 20
    ) AS twins;
    IF alike IS NOT NULL THEN
        RAISE EXCEPTION 'users have one e-mail address in several spellings; change it for all but one of each: %', alike
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END
$$"""

# Outside of a transaction a DO block may commit.
MEND = f"""\
DO $$
DECLARE
    step CONSTANT bigint := 10000;
    first_page bigint := 0;
BEGIN
    WHILE first_page * current_setting('block_size')::bigint <= pg_relation_size('users') LOOP
        UPDATE users SET
            email = {MENDED},
            email_verified_at = CASE WHEN {MENDED} = {TRIMMED} THEN email_verified_at END
        WHERE ctid >= format('(%s,0)', first_page)::tid AND ctid < format('(%s,0)', first_page + step)::tid
            AND ({FORBIDDEN});
        {{commit}}
        first_page := first_page + step;
    END LOOP;
END
$$"""


def upgrade() -> None:
    if op.get_context().opts.get("owns_transaction"):
        with op.get_context().autocommit_block():
            mend("COMMIT;")
    else:
        mend("")


def mend(commit: str) -> None:
    op.execute(REFUSE)
    op.execute(MEND.replace("{commit}", commit))


def downgrade() -> None:
    """Leave the rows as they are: what they were is known no more, and the old rules take what the new ones take."""
