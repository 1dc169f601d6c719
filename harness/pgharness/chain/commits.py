"""Tells after which statements of a step a part of it was committed for good, by the transactions that its own session has had."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pgharness.chain.watch import Ask, Moment
from pgharness.records.statements import Statement
from pgharness.records.steps import Step

# An id is assigned by the first write (manual, "Transactions and Identifiers"). The number behind the slash counts the transactions
# of the session, our question being one of its own where none is open.
_TRANSACTION = """
SELECT virtualtransaction, pg_catalog.pg_current_xact_id_if_assigned()::text
FROM pg_catalog.pg_locks WHERE locktype = 'virtualxid' AND pid = pg_catalog.pg_backend_pid()
"""
# Behind these no transaction is open, and a question would begin one; the next answer tells of the end.
_ENDS = re.compile(r"\s*(?:COMMIT|END|ROLLBACK|ABORT)\b(?!.*\bTO\b)", re.IGNORECASE | re.DOTALL)
# A SELECT of a function alone may be anything that the function does.
_READS = re.compile(
    r"\s*(?:SELECT(?!\s+[\w.\"]+\((?!.*\bFROM\b))|SHOW|SET|RESET|VALUES|EXPLAIN|TABLE)\b", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was answered after a statement: how many transactions the session had had, and the id of the one that is open."""

    statement: Statement
    count: int
    writing: str | None


@dataclass(slots=True)
class CommitWatch:
    """A watch of one step; `commits` are known once the step has been run."""

    wants: frozenset[Moment] = frozenset({"after_statement"})
    commits: tuple[int, ...] = ()
    _seen: list[_Seen | None] = field(default_factory=list)

    def before_statement(self, _statement: Statement, _ask: Ask) -> None:
        """Look away."""

    def after_statement(self, statement: Statement, ask: Ask) -> None:
        """Ask which transaction is open; none may be, and then our question has been one of its own."""
        rows = [] if _ENDS.match(statement.sql) else ask(_TRANSACTION)
        count, writing = (str(rows[0][0]).rpartition("/")[2], rows[0][1]) if rows else ("", None)
        self._seen.append(_Seen(statement, int(count), writing) if count else None)

    def after_commit(self, _ask: Ask) -> None:
        """Look away: also what commits behind SQLAlchemy shows in the transactions."""

    def after_step(self, step: Step, _ask: Ask) -> None:
        """Keep what concerns the step, before which Alembic has sent statements too."""
        before = len(self._seen) - len(step.statements)
        if step.failure is None and before >= 0:
            self.commits = tuple(sorted(_commits(self._seen[:before], self._seen[before:])))


def _commits(before: list[_Seen | None], seen: list[_Seen | None]) -> set[int]:
    """Return the indexes of statements behind which something is committed, but for the last, with which the step ends."""
    last = next((one for one in reversed(before) if one is not None), None)
    found: set[int] = set()
    for index, one in enumerate(seen):
        if one is None:
            continue
        if last is not None and last.writing is not None and last.writing != one.writing and index:
            found.add(index - 1)
        ended = last is None or one.count - last.count > 1
        if ended and one.writing is None and not _READS.match(one.statement.sql):
            found.add(index)
        last = one
    return found - {len(seen) - 1}
