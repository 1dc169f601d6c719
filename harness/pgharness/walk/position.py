"""Where a walk goes on on a new database: at which revision, brought there how, and what was tried of it before."""

from __future__ import annotations

from dataclasses import dataclass

from pgharness.records.steps import Failure, RevisionRecord
from pgharness.records.trace import Trace
from pgharness.rows import Population, Suspect


@dataclass(frozen=True, slots=True)
class Position:
    """The revision to try next, on which rows, why it failed on others before, and the columns whose texts may be the cause.

    Of the columns in `learned` the texts were made for it. `together` arrives there in one migration context, as one `alembic upgrade`
    would; of the revisions before it, the first `deployed` come there as env.py deploys them. `newer` is what it came to on rows that
    only its own schema admits; it is then tried without them. `failed` is what the revision came to by itself, without rows; it is then run with those before it.
    """

    index: int
    population: Population = Population.VARIED
    rows_failures: tuple[tuple[str, Failure], ...] = ()
    suspects: tuple[Suspect, ...] = ()
    learned: tuple[Suspect, ...] = ()
    traces: tuple[tuple[str, Trace], ...] = ()
    """What the steps that passed on rows did there, where another one of the revision failed; without rows nothing would be seen of it."""
    newer: RevisionRecord | None = None
    refused: RevisionRecord | None = None
    """What it came to on rows of before, where it has no way back by which it could meet those that its schema may refuse: here it does."""
    literals_failure: Failure | None = None
    """Why its code failed where rows stood that have what it compares or writes: it is then tried without these."""
    failed: RevisionRecord | None = None
    together: bool = False
    deployed: int = 0

    @property
    def is_populated(self) -> bool:
        """Whether it is tried on rows."""
        return self.population is not Population.NONE

    @property
    def arrival(self) -> int:
        """How many revisions the database has got when the walk goes on there."""
        return self.index + (self.failed is not None)

    @property
    def is_deployed(self) -> bool:
        """Whether all of them come as env.py deploys them."""
        return self.deployed == self.arrival
