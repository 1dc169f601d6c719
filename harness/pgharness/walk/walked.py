"""What a walk has seen so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from pgharness.catalog.facts import Snapshot
from pgharness.records.steps import Descent, RevisionRecord


@dataclass(slots=True)
class Walked:
    """The revisions that were tried, in their order, and what stands before them."""

    records: list[RevisionRecord] = field(default_factory=list)
    base: Snapshot | None = None
    version_table: str = ""
    descent: Descent | None = None
    deployed: int = 0
    """How many revisions, from the first, come to a new database as env.py deploys them."""
    passed_over: set[str] = field(default_factory=set)
    """The revisions that fail every way."""

    @property
    def reached(self) -> Snapshot | None:
        """The catalog that the last revision has led to."""
        return self.records[-1].upgrade.snapshot if self.records else self.base

    def clear(self) -> None:
        """Know of no revision any more; whoever holds `passed_over` goes on holding it."""
        self.records.clear()
        self.passed_over.clear()
        self.base, self.descent, self.deployed = None, None, 0
