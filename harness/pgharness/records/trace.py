"""What was seen of the locks and the work of each statement of a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgharness.records.statements import Statement

Doing = Literal["builds", "rewrites", "moves", "verifies", "validates", "reads", "writes"]
"""What work is: an index built, a table rewritten or moved, its rows looked through for a constraint or a foreign key, read, written."""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock on a relation that stood before the step: `mode` in the words of the manual (13.3), the strongest held on it.

    `kind` is the relation's ("table", "index", …), `table` the one that an index belongs to, else empty. `taken_by` is the place in the trace
    of the statement that took it.
    """

    relation: str
    kind: str
    mode: str
    taken_by: int
    table: str = ""
    is_dropped: bool = False
    """Whether the transaction has dropped the relation, so that nobody waits for it with success."""


@dataclass(frozen=True, slots=True)
class Work:
    """Work on the rows of a relation that stood before; `name` is the index or constraint, `rows` how many were read or written, where counted."""

    doing: Doing
    relation: str
    name: str = ""
    rows: int = 0
    is_looked_up: bool = False
    """Whether an index finds the rows, so that they are as few where the table holds many."""


@dataclass(frozen=True, slots=True)
class TracedStatement:
    """One statement: `locks` are all that its transaction holds when it has ended, `remarks` what the server said of it, debugging too.

    `transaction` is the number of its transaction in the step, None where it was a transaction by itself; then its locks are gone before
    anybody can look, and `locks` are those that its work implies. The limits are in ms, 0 for none, None where nobody asked.
    """

    statement: Statement
    transaction: int | None
    locks: tuple[HeldLock, ...] = ()
    works: tuple[Work, ...] = ()
    remarks: tuple[str, ...] = ()
    lock_timeout_ms: int | None = None
    statement_timeout_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The statements that the revision sent in one step, in their order; `lock_timeout_ms` is what env.py leaves in force when the step begins, 0 for none."""

    statements: tuple[TracedStatement, ...]
    lock_timeout_ms: int = 0
    settings_left: tuple[tuple[str, str], ...] = ()
    """What the step has set for the session and left so: name and value."""
    commits: tuple[int, ...] = ()
    """Behind how many of its statements it committed before its end, as an autocommit block does first of all."""
    renamed: tuple[tuple[str, str], ...] = ()
    """The relations that stood before and are called otherwise since: the name before and the name now."""
