"""Tells a failure of Alembic's own statement, whose version table a revision has put out of its reach."""

from __future__ import annotations

import re

from pgharness.catalog.names import unqualified
from pgharness.records.steps import Step

# undefined_table, insufficient_privilege, read_only_sql_transaction
_OUT_OF_REACH = ("42P01", "42501", "25006")
_SETS = re.compile(r"\bset_config\s*\(|^\s*(?:SET|RESET)\b(?!\s+CONSTRAINTS)", re.IGNORECASE | re.MULTILINE)


def setting_that_hides(step: Step, version_table: str) -> str:
    """Return the statement of the revision after which Alembic can no longer write its version table; empty where that is not the failure."""
    failure = step.failure
    if failure is None or failure.sqlstate not in _OUT_OF_REACH:
        return ""
    own = re.compile(rf"\s*(?:UPDATE|INSERT INTO|DELETE FROM)\s+(?:\S+\.)?{re.escape(unqualified(version_table))}\b")
    if not own.match(failure.statement or ""):
        return ""
    return next((one.sql for one in reversed(step.statements) if one.file and _SETS.search(one.sql)), "")


def in_words(statement: str) -> str:
    """Return what it means."""
    return f"`{' '.join(statement.split())[:200]}` is still in force there, where Alembic enters the revision in its version table. "


MEND = (
    "take it out, as where it was pasted from pg_dump (SELECT pg_catalog.set_config('search_path', '', false)); or take it back at the end "
    'of upgrade(): op.execute("RESET search_path"), op.execute("RESET ROLE")'
)
