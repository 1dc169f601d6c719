"""The part of a walk that one database serves: runs steps there, reads the catalog after each, and keeps the tables filled."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pgharness.catalog.incremental_reader import Reader
from pgharness.chain.conversation import Conversation
from pgharness.chain.messages import UP, Direction
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure, RevisionRecord, Step
from pgharness.rows import fill_empty_tables
from pgharness.servers import Connection

# What these do depends on more than the catalog: on rows, on settings, on what a function holds. A statement also begins behind
# another one and behind a comment.
_OPEN_ENDED = re.compile(r"(?:^|;|\*/|--[^\n]*\n)[\s(]*(?:DO|CALL|WITH|EXECUTE)\b|\bSELECT\b", re.IGNORECASE)
# What a revision sends by the driver itself is seen by nobody.
_BEHIND_SQLALCHEMY = re.compile(r"\bcursor\(|\b(?:driver|dbapi)_connection\b")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a stretch begins: the revision to try next, whether on rows, and why it failed on rows before.

    `together` arrives there in one migration context, as one `alembic upgrade` would. `failed` is what the revision came to by
    itself, without rows; it is then run in one go with those before it.
    """

    index: int
    populated: bool = True
    rows_failures: tuple[tuple[str, Failure], ...] = ()
    failed: RevisionRecord | None = None
    together: bool = False


class Stretch:
    """One database of a walk: `base` is its catalog at the beginning, `arrived` the last step on the way to where it starts.

    `unfilled` are the tables for which no row could be made, each with the reason.
    """

    def __init__(
        self, conversation: Conversation, observer: Connection, rows_per_table: int, *, reads_all: bool
    ) -> None:
        self._conversation = conversation
        self._observer = observer
        self._rows_per_table = rows_per_table
        self._leave_out = (conversation.version_table,)
        self.catalog = Reader(observer, leave_out=self._leave_out)
        self.base = self.catalog.read() if reads_all else self.catalog.read_first()
        self.arrived = Step((), 0.0, self.base)
        self.unfilled: tuple[tuple[str, str], ...] = ()

    def arrive(self, revisions: Sequence[Revision], position: Position) -> bool:
        """Bring a new database to where the walk is to go on; say whether all passed that passed before."""
        asked = [(revision.revision, UP) for revision in revisions]
        for step in self._conversation.steps(asked, apart=not position.together):
            if step.failure is not None:
                return False
            self.arrived = step
        if position.failed is not None:
            self.arrived = replace(self.arrived, snapshot=self.catalog.read())
        if position.populated:
            self.fill()
        return True

    def step(self, revision: Revision, direction: Direction, *, fill: bool, known: Step | None = None) -> Step:
        """Run one step in a migration context of its own, and fill what is empty then.

        Where the same statements met an equal catalog before, in the step `known`, they gave the catalog that they gave then.
        """
        started = time.perf_counter()
        for step in self._conversation.steps([(revision.revision, direction)], apart=True):
            is_known = known is not None and _is_repeated(step, known) and _is_seen_whole(revision)
            snapshot = known.snapshot if known is not None and is_known else self.catalog.read()
            if fill:
                self.fill()
            done = replace(step, snapshot=snapshot, duration_s=time.perf_counter() - started)
        return done

    def steps(self, revisions: Sequence[Revision], direction: Direction) -> Iterator[tuple[Revision, Step]]:
        """Run steps in one migration context, filling what is empty after each; no catalog is read."""
        asked = [(revision.revision, direction) for revision in revisions]
        for step, revision in zip(self._conversation.steps(asked, apart=False), revisions, strict=False):
            if step.failure is None:
                self.fill()
            yield revision, step

    def fill(self) -> None:
        """Fill the tables that are empty."""
        if self._rows_per_table:
            filling = fill_empty_tables(self._observer, rows_per_table=self._rows_per_table, leave_out=self._leave_out)
            self.unfilled = filling.unfilled


def _is_seen_whole(revision: Revision) -> bool:
    """Whether all that the revision sends goes through SQLAlchemy, as far as its text tells."""
    return not _BEHIND_SQLALCHEMY.search(Path(revision.path).read_text(encoding="utf-8", errors="replace"))


def _is_repeated(step: Step, known: Step) -> bool:
    return (
        step.failure is None
        and [statement.said for statement in step.statements] == [statement.said for statement in known.statements]
        and not any(_OPEN_ENDED.search(statement.sql) for statement in step.statements)
    )
