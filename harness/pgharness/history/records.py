"""The plain values that a walk records and that checks judge; they can be pickled and hold no connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.ignore_rules import IgnoreRules
from pgharness.findings import CannotRun
from pgharness.plans.plan import Plan
from pgharness.plans.statement import Expectation


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision file, read without a database.

    `label` is the file's name without `.py`, which people know it by. `allow` and `irreversible` are what the revision
    declares, `allow_problem` is what is wrong with an `allow` that cannot be read. `names` are those that the file gives a
    string ("str") or a dict of strings ("dict"), among which a misspelt declaration shows.
    """

    revision: str
    label: str
    path: str
    down_revisions: tuple[str, ...]
    depends_on: tuple[str, ...] = ()
    has_upgrade: bool = True
    has_downgrade: bool = True
    irreversible: str | None = None
    allow: Mapping[str, str] = field(default_factory=dict)
    allow_problem: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_merge(self) -> bool:
        """Say whether it joins several branches, and so needs no body."""
        return len(self.down_revisions) > 1


@dataclass(frozen=True, slots=True)
class Chain:
    """The revisions in the order in which an upgrade runs them."""

    revisions: tuple[Revision, ...]
    heads: tuple[str, ...]
    bases: tuple[str, ...]

    def ancestors(self, revision: str) -> frozenset[str]:
        """Give the revision and all that an upgrade to it runs."""
        by_id = {item.revision: item for item in self.revisions}
        found: set[str] = set()
        pending = [revision]
        while pending:
            current = pending.pop()
            if current not in found:
                found.add(current)
                pending.extend(by_id[current].down_revisions + by_id[current].depends_on)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step ended: the error's class and text, the last statement sent, and the SQLSTATE if the server said one.

    `refused` is true for an author's own refusal (NotImplementedError, RuntimeError) rather than a defect.
    """

    error: str
    message: str
    statement: str | None = None
    sqlstate: str | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One upgrade or downgrade of one revision: its statements, the catalog after it, or why it failed."""

    statements: tuple[str, ...]
    duration_s: float
    snapshot: Snapshot | None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class RevisionRecord:
    """What one revision did: `before` is the catalog it met; a step that was not tried is None."""

    revision: Revision
    before: Snapshot
    upgrade: Step
    downgrade: Step | None = None
    reupgrade: Step | None = None
    upgrade_rows_failure: Failure | None = None
    """Why the upgrade fails on populated tables, where it passes on empty ones."""
    downgrade_rows_failure: Failure | None = None
    """The same of the downgrade."""
    unfilled: tuple[tuple[str, str], ...] = ()
    """Tables for which no row could be made, each with the reason."""


@dataclass(frozen=True, slots=True)
class Descent:
    """The way down from the heads to the base in one go; `failed_at` is the revision that would not go."""

    snapshot: Snapshot | None
    failed_at: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class RefusedDdl:
    """A statement of `create_all` that the server refused; none where a listener on the models raised."""

    statement: str
    message: str
    sqlstate: str | None


@dataclass(frozen=True, slots=True)
class DeclaredEnum:
    """An enum type as the models name it; `python_enum` is None where no Python enum stands behind it."""

    name: str
    labels: tuple[str, ...]
    python_enum: str | None


@dataclass(frozen=True, slots=True)
class ModelsRecord:
    """The database that the models make, and what it took."""

    snapshot: Snapshot
    refused: tuple[RefusedDdl, ...]
    enums: tuple[DeclaredEnum, ...]


@dataclass(frozen=True, slots=True)
class DraftRecord:
    """What Alembic's autogenerate says: at the heads (`pending`, rendered operations), and of an empty database.

    `snapshot` is the catalog that the whole drafted chain gives, or None with the `failure` that stopped it;
    `comparison_failure` is why nothing could be said at the heads.
    """

    pending: tuple[str, ...]
    snapshot: Snapshot | None
    failure: Failure | None = None
    comparison_failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class StructureRecord:
    """The structure file: its text, the catalog it gives, and the text that the heads would give.

    `text` is None where the file is missing; `snapshot` is None where it does not run, with the `failure`. Where the heads
    cannot be written as SQL, `unwritable` says why, and nothing else was tried.
    """

    path: str
    text: str | None
    expected_text: str
    snapshot: Snapshot | None
    failure: Failure | None = None
    unwritable: CannotRun | None = None


@dataclass(frozen=True, slots=True)
class QueryRecord:
    """A statement that the application sends, and its plans where no table may be read from end to end.

    `plans` are those of the planner's settings in `history.queries`, in order; empty where it does not run, with the `failure`.
    """

    name: str
    sql: str
    expectation: Expectation
    plans: tuple[Plan, ...]
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class QueriesRecord:
    """The file of statements that the application sends, planned at the heads."""

    path: str
    queries: tuple[QueryRecord, ...]


@dataclass(frozen=True, slots=True)
class ChainRecord:
    """All that was seen of a chain; experiments that no wanted check needs are None."""

    chain: Chain
    version_table: str
    revisions: tuple[RevisionRecord, ...]
    base: Snapshot
    descent: Descent | None = None
    models: ModelsRecord | None = None
    draft: DraftRecord | None = None
    structure: StructureRecord | None = None
    queries: QueriesRecord | None = None
    allow_indices: Mapping[str, str] = field(default_factory=dict)
    """Findings of `indices` that are meant: subject and reason."""
    ignore: IgnoreRules = field(default_factory=IgnoreRules)
    """What comparisons leave out on purpose."""
    left_outside: str = ""
    """Roles and replication slots, in words, that a given server has got meanwhile; on one of our own they are dropped."""
    durations_s: Mapping[str, float] = field(default_factory=dict)
    """How long each experiment took; "upgrade" stands for the walk without the round trips."""

    @property
    def head(self) -> Snapshot | None:
        """Give the catalog at the heads, or None where the walk did not get there."""
        if len(self.revisions) < len(self.chain.revisions) or any(item.upgrade.failure for item in self.revisions):
            return None
        return self.revisions[-1].upgrade.snapshot if self.revisions else self.base

    def record_of(self, revision: str) -> RevisionRecord | None:
        """Give one revision's record, or None where the walk did not get there."""
        return next((item for item in self.revisions if item.revision.revision == revision), None)
