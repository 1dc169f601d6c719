"""What was seen of `alembic upgrade head`, with env.py exactly as it is, on an empty database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pgharness.catalog.facts import Snapshot
from pgharness.records.given_numbers import GivenNumber
from pgharness.records.revisions import Chain
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure


@dataclass(frozen=True, slots=True)
class ConfigureCall:
    """A call of configure() in env.py, by its lines, written so that each revision is a transaction of its own."""

    first: int
    last: int
    code: str


@dataclass(frozen=True, slots=True)
class MigrationRun:
    """One call of `context.run_migrations()`: where Alembic keeps the revision there, and how env.py had configured it.

    `in_transaction` says that a transaction had begun before `context.configure()`, and `before` which statement had begun it,
    where one was sent. `options` are those of configure() that decide on transactions.
    """

    version_table: str
    in_transaction: bool
    before: Statement | None
    options: Mapping[str, bool]
    commits_each: bool = False
    """Whether each statement is committed by itself, as an engine with isolation_level="AUTOCOMMIT" does."""
    apart: ConfigureCall | None = None
    """What env.py would call for a transaction of each revision's own; None where the call was not found in it."""


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """One deployment, from the revision `start`, or from an empty database where that is None.

    `revision` is the one at which it failed, or None where that is not known.

    `has_begun` says that env.py called `context.begin_transaction()`; `applied` are the revisions that the version tables hold
    afterwards, and `snapshot` is the catalog without these tables.
    """

    runs: tuple[MigrationRun, ...]
    has_begun: bool
    applied: tuple[str, ...]
    snapshot: Snapshot
    env_py: str
    failure: Failure | None = None
    revision: str | None = None
    start: str | None = None
    one_by_one: Snapshot | None = None
    """Where it ends in another catalog than the walk, which has rows in its tables: the catalog of a walk without rows."""

    after: Statement | None = None
    """What env.py still sent once the migrations had run, if anything."""
    fails_one_by_one: bool = False
    """Whether a walk without rows fails too where it failed, so that empty tables are the cause."""

    given: tuple[GivenNumber, ...] = ()

    @property
    def is_one_transaction(self) -> bool:
        """Whether env.py runs all revisions that are due in one transaction: as Alembic makes env.py, it does."""
        run = self.runs[-1] if self.runs else None
        if run is None or run.commits_each or run.options.get("transactional_ddl") is False:
            return False
        return run.in_transaction or (self.has_begun and not run.options.get("transaction_per_migration"))

    @property
    def commits_each_statement(self) -> bool:
        """Whether env.py's connection holds no transaction at all."""
        return any(run.commits_each for run in self.runs)

    def is_at(self, chain: Chain) -> bool:
        """Whether it passed, and the version tables hold the chain's heads."""
        return self.failure is None and self.has_applied(chain, chain.heads)

    def has_applied(self, chain: Chain, revisions: Iterable[str]) -> bool:
        """Whether the version tables hold these revisions, or what stands for them (Alembic folds `depends_on`)."""
        known = {item.revision for item in chain.revisions}
        reached = frozenset().union(*(chain.ancestors(one) for one in self.applied if one in known))
        return reached.issuperset(revisions)
