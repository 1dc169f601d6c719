"""What to write so that traffic no longer waits, or is no longer refused: the part of `traffic` that says so."""

from __future__ import annotations

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.identifiers import quoted
from pgharness.catalog.proposing.filling import default_for
from pgharness.catalog.rendering.arrangement import Arrangement
from pgharness.catalog.rendering.parts import Contents
from pgharness.records.steps import RevisionRecord
from pgharness.records.trace import TracedStatement
from pgharness.trace.fixes.writing import BLOCK, execute, written_in_pieces
from pgharness.trace.hazards import hazard_of
from pgharness.trace.occurrences import blocking_locks, work_under_locks
from pgharness.trace.slopes import Slope

IN_PIECES = "the rows stay locked until the transaction ends: write them in pieces, each committed, some thousand rows at a time"
LET_GO = (
    "take the lock in a revision of its own, and do what follows it there in later ones, so that it is let go at once"
)


def mend_wait(item: RevisionRecord | None, relation: str, culprit: str = "", slope: Slope | None = None) -> str:
    """Return how nobody has to wait any more, by how the wait grows, and by what the trace says of the lock: that of a table, or those of rows.

    Which table it was is not known where `relation` is empty.
    """
    if slope is not None and not slope.grows:
        return LET_GO
    trace = item.upgrade.trace if item is not None else None
    statements = trace.statements if trace is not None else ()
    own = [one for one in statements if " ".join(one.statement.sql.split()).startswith(" ".join(culprit.split()))]
    locks = [lock for one in own for lock in blocking_locks(one) if relation in {"", lock.relation, lock.table}]
    if trace is not None and own and not locks:
        return _in_pieces(own[0])
    works = list(work_under_locks(trace)) if trace is not None else []
    if trace is not None and not works:
        return LET_GO
    fixes = (
        hazard.fix(work, item.before)
        for work in works
        if work.statement in own and item and (hazard := hazard_of(work)).fix
    )
    as_locks_says = "do it without the lock, as `locks` says beside it; or where its lock is held over later statements, do those in a revision of their own"
    return next(fixes, as_locks_says)


def _in_pieces(one: TracedStatement) -> str:
    """Return how rows are written so that each is locked for a moment, with the statement where it can be parted."""
    pieces = "" if one.statement.parameters else written_in_pieces(one.statement.sql)
    return f"{IN_PIECES}: {BLOCK}{execute(pieces)}" if pieces else f"{IN_PIECES}, in an autocommit block"


def mend_refused(table: str, named: str, item: RevisionRecord | None) -> str:
    """Return the default by which rows are taken that give no value, of the column's type where that is known."""
    after = item.upgrade.snapshot if item is not None else None
    column = ObjectKey("column", f"{table}.{quoted(named)}")
    value = None
    if after is not None and after.value(*column) is not None:
        value = default_for(Contents(Arrangement(after)), column)
    later = "or let it be NULL until the release before, which gives no value, runs no more"
    if value is None:
        return f"give {named} a default in the same revision; {later}"
    default = execute(f"ALTER TABLE {table} ALTER COLUMN {quoted(named)} SET DEFAULT {value}")
    return f"{default} in the same revision, with another value where that fits better, and as server_default in the model; {later}"
