"""What was seen of each step up or down: its statements, the catalog after it, or why it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgharness.catalog.facts import Snapshot
from pgharness.records.by_hand import HandFailure
from pgharness.records.contents import Contents
from pgharness.records.given_numbers import GivenNumber
from pgharness.records.revisions import Revision
from pgharness.records.statements import Statement
from pgharness.records.trace import Trace
from pgharness.rows.population import Population

# The classes of SQLSTATEs for what values are: cardinality, data, integrity, WITH CHECK OPTION, raised in PL/pgSQL.
OF_VALUES = ("21", "22", "23", "44", "P0")


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of the project's code through which an error came."""

    file: str
    line: int
    function: str
    code: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step ended: the error's class and text, the last statement sent, and the SQLSTATE if the server said one.

    `refused` is true for an author's own refusal (NotImplementedError, RuntimeError) rather than a defect. `frames` are the lines
    of the revision itself, outermost first. `waited` says in words who waited for whom, where a wait for itself had to be ended.
    """

    error: str
    message: str
    statement: str | None = None
    sqlstate: str | None = None
    refused: bool = False
    frames: tuple[Frame, ...] = ()
    waited: str = ""
    live_models: tuple[str, ...] = ()
    """The project's models (`module.Class`) that the revision imports and whose table the statement names."""
    caught: bool = False
    """Whether the code has caught it and gone on, until the server refused what came next in the same transaction."""
    raised_by: str = ""
    """The package that raised it, where that is neither the revision, nor Python's own, nor one that sends statements."""

    @property
    def may_come_of_values(self) -> bool:
        """Whether other rows may pass where these have failed; what Python raises may come of anything."""
        return self.sqlstate is None or self.sqlstate.startswith(OF_VALUES)

    def line_in(self, path: str) -> int | None:
        """Return the innermost line of a file through which the error came; None where it came through none of its lines."""
        lines = [frame.line for frame in self.frames if frame.file == path]
        return lines[-1] if lines else None


@dataclass(frozen=True, slots=True)
class Notice:
    """What the server remarked: NOTICE or WARNING, and its SQLSTATE, empty where the driver tells none.

    `statement` is the place of the statement during which it came among those of the step, -1 before the first.
    """

    severity: str
    sqlstate: str
    message: str
    statement: int


@dataclass(frozen=True, slots=True)
class Step:
    """One upgrade or downgrade of one revision: its statements, the catalog after it, or why it failed.

    `by_hand` is what failed of what people wrote to hold behind it. `met` and `left` are the contents of tables just before and just after it, None where nobody asked for them.
    """

    statements: tuple[Statement, ...]
    duration_s: float
    snapshot: Snapshot | None
    failure: Failure | None = None
    notices: tuple[Notice, ...] = ()
    by_hand: tuple[HandFailure, ...] = ()
    met: Contents | None = None
    left: Contents | None = None
    trace: Trace | None = field(default=None, compare=False)
    """The locks and the work of its statements, where somebody wants to know."""
    given: tuple[GivenNumber, ...] = ()
    """The numbers that a sequence gives once more since it; of an upgrade, where contents are wanted."""
    commits: tuple[int, ...] = ()
    """The indexes of statements behind which a part of it was committed before its end; none where it is one transaction, and
    where nobody looked."""


@dataclass(frozen=True, slots=True)
class RevisionRecord:
    """What one revision did: `before` is the catalog it met; a step that was not tried is None."""

    revision: Revision
    before: Snapshot
    upgrade: Step
    downgrade: Step | None = None
    reupgrade: Step | None = None
    population: Population = Population.VARIED
    """The rows that it met, where it is not one of those before a first that it failed on."""
    upgrade_rows_failure: Failure | None = None
    """Why the upgrade fails on varied rows, where it passes on the `population`."""
    downgrade_rows_failure: Failure | None = None
    """The same of the downgrade."""
    reupgrade_rows_failure: Failure | None = None
    """The same of the upgrade after the downgrade."""
    refused_rows: tuple[str, ...] = ()
    """The rows of before, in words, of which one or more made the upgrade fail that passes on those beside them."""
    passes_refused_rows: bool = False
    """Whether the upgrade has passed on rows of before that its schema may refuse, so that it cleans them, if only in production."""
    literals_failure: Failure | None = None
    """Why its code failed on rows of the literals that it compares or writes, without which it has been tried."""
    alone_failure: Failure | None = None
    """Why the upgrade fails in a process that ran nothing before it, where it passes in one with those before it."""
    walk_failure: Failure | None = None
    """Why the walk cannot run the upgrade, where env.py deploys it, also by itself; its downgrade is not tried then."""
    unfilled: tuple[tuple[str, str], ...] = ()
    """Tables for which no row could be made, each with the reason."""
    read_as: tuple[tuple[str, str, str], ...] = ()
    """Texts that were made such that the upgrade can read them: table, column, and the type that it reads them as."""
    learned: tuple[tuple[str, str], ...] = ()
    """The columns, by table and name, of which texts were made for it: on others it fails."""
    given_values: frozenset[tuple[str, str]] = frozenset()
    """The columns, by table and name, whose values people have given: they are what production holds."""
    by_hand: tuple[HandFailure, ...] = ()
    """What failed of the rows that people wrote for it."""
    culprits: Mapping[tuple[str, str], Statement] = field(default_factory=dict)
    """The statements, by "upgrade" or "downgrade" and a column or table in words, behind which its contents were no longer what they were."""
    newer_rows: tuple[str, ...] = ()
    """Rows, in words, that only the new schema admits, and that stood there when the downgrade was tried."""
    newer_rows_failure: Failure | None = None
    """Why the downgrade fails on these, where it passes without them."""
    behind: str | None = None
    """The first revision before it that fails every way, and was passed over: a failure may come of what that has not made."""
    is_given: bool = False
    """Whether the baseline has it already, so that nothing of it was tried."""

    @property
    def ends_as_upgraded(self) -> bool:
        """Whether the way back, and the second upgrade, have left the catalog as the first one did; true where none was tried."""
        if self.reupgrade is not None and self.reupgrade.failure is not None:
            return False
        last = self.reupgrade or self.downgrade
        return last is None or last.snapshot == self.upgrade.snapshot


@dataclass(frozen=True, slots=True)
class Descent:
    """The way down from the heads to the base in one go; `failed_at` is the revision that would not go."""

    snapshot: Snapshot | None
    failed_at: str | None = None
    failure: Failure | None = None
