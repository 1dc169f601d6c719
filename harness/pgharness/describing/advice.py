"""What to type where the server refused a statement: advice by SQLSTATE, which says more than the message."""

from __future__ import annotations

import re

from pgharness.records.steps import Failure

AUTOCOMMIT_BLOCK = "with op.get_context().autocommit_block():"

# SQLSTATE, words of the statement or the message that must occur, and the advice.
ADVICE: tuple[tuple[str, str, str], ...] = (
    (
        "25001",  # active_sql_transaction
        r"CONCURRENTLY|ADD\s+VALUE|VACUUM|DATABASE|TABLESPACE|SYSTEM|SUBSCRIPTION",
        f"it cannot run in a transaction: put it into an autocommit block, `{AUTOCOMMIT_BLOCK}`",
    ),
    (
        "55P04",  # unsafe_new_enum_value_usage
        "",
        f"commit the new value before it is used: add it by ALTER TYPE … ADD VALUE in an autocommit block, `{AUTOCOMMIT_BLOCK}`",
    ),
    (
        "55006",  # object_in_use
        "pending trigger events",
        'let the rows be checked first: op.execute("SET CONSTRAINTS ALL IMMEDIATE") where they are written',
    ),
    (
        "42710",  # duplicate_object
        r"\bCREATE\s+(ROLE|USER|GROUP)\b",
        (
            "a role belongs to the whole server and outlives every database: drop it there, or let runs have a server of their own "
            "(--server embedded)"
        ),
    ),
    (
        "42710",
        r"\bCREATE\s+TYPE\b",
        "it exists already: postgresql.ENUM(…, create_type=False) in columns of such a type, or DROP TYPE where its last user goes",
    ),
    (
        "",
        "A value is required for bind parameter",
        r"a colon begins a parameter in op.execute(): write \: for one that is meant as text",
    ),
    (
        "",
        "Can't emit DROP CONSTRAINT",
        'name the constraint: op.drop_constraint("<name>", …), as PostgreSQL\'s catalog has it',
    ),
)


def advice(failure: Failure, otherwise: str) -> str:
    """Return what mends the failure, or `otherwise`."""
    if failure.waited:
        return "let it run on the migration's own connection, op.get_bind(), which holds the lock"
    said = f"{failure.statement or ''}\n{failure.message}"
    for sqlstate, words, mend in ADVICE:
        if sqlstate == (failure.sqlstate or "") and re.search(words, said, re.IGNORECASE):
            return f"{mend}, or {otherwise}"
    return otherwise
