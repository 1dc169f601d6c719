"""What came of several upgrades of one database that were made to meet."""

from __future__ import annotations

from dataclasses import dataclass

from pgharness.catalog.facts import Snapshot
from pgharness.records.held_rows import OtherRows
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure


@dataclass(frozen=True, slots=True)
class Race:
    """`count` upgrades at once, which began before the first of these revisions and were to end behind the last.

    `failures` are those of the upgrades that did not pass, and `waits` says who waited for whom where they had to be ended. `snapshot` is
    where they ended, and `expected` where one by itself ends.
    """

    count: int
    first: Revision
    last: Revision
    expected: Snapshot
    snapshot: Snapshot
    is_applied: bool
    """Whether the version table names the last revision afterwards."""
    failures: tuple[Failure, ...] = ()
    waits: tuple[str, ...] = ()
    rows: tuple[OtherRows, ...] = ()

    @property
    def ends_right(self) -> bool:
        """Whether nothing is wrong but for exit codes, ignore rules aside."""
        return self.is_applied and not self.waits and not self.rows and self.snapshot == self.expected
