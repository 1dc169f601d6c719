"""Says of a statement that fails, and whose failure the code of the revision catches, what comes of that."""

from __future__ import annotations

from pgharness.describing.contents import in_one_line
from pgharness.records.statements import Statement
from pgharness.records.steps import OF_VALUES, Failure, RevisionRecord

GOES_ON = (
    "; the code catches that and goes on, and in a transaction that has failed the server refuses whatever comes next (SQLSTATE 25P02), Alembic's own "
    "statements too"
)
ASK_FIRST = (
    'let it fail instead of catching it, or ask first: if "<column>" not in {one["name"] for one in sa.inspect(op.get_bind()).get_columns("<table>")}; '
    "or put the statement alone into a savepoint: with op.get_bind().begin_nested():"
)


def caught_in_words(failure: Failure) -> str:
    """Return, to be read behind a failure, that it was caught; empty where it was not."""
    return GOES_ON if failure.caught else ""


def mend_caught(failure: Failure, otherwise: str) -> str:
    """Return what to do about it, before what else mends the statement."""
    return f"{ASK_FIRST}; or {otherwise}" if failure.caught else otherwise


def caught(record: RevisionRecord) -> tuple[Statement, ...]:
    """Return the statements of a revision that failed in an upgrade which passed."""
    if record.upgrade.failure or record.alone_failure or record.walk_failure:
        return ()  # it failed there, which is told
    return tuple(one for one in record.upgrade.statements if one.failed and one.file == record.revision.path)


def is_of_rows(statement: Statement) -> bool:
    """Whether a statement was refused for what rows hold, so that it is done in one database and not in another."""
    return statement.failed.startswith(OF_VALUES)


def left_out_in_words(statement: Statement) -> str:
    """Return what comes of one that was caught."""
    state, _, said = statement.failed.partition(" ")
    return (
        f"`{in_one_line(statement.sql)}` (line {statement.line}) fails, and the code catches that: {said} (SQLSTATE {state}); the revision counts as run, "
        "and what the statement was to do is not done"
    )
