"""Walks the chain once: each revision up, down and up again on the rows that stand there, then down from the heads to the base.

After each step every empty table gets rows, so that the next one meets a database as production would have it. Where a revision
spoils the database (a downgrade that does not restore, a step that fails halfway), the walk goes on from there on a new one:
what a revision is charged with never comes from another. One that fails on rows is tried on plainer ones, then without, then together with those before
it, then as env.py deploys the chain; one that fails every way is passed over, and those behind it are tried all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from pgharness.catalog.facts import Snapshot
from pgharness.chain.baseline import given_revisions
from pgharness.chain.conversation import converse
from pgharness.chain.messages import DOWN
from pgharness.chain.project import Project
from pgharness.databases import Databases
from pgharness.records.steps import Descent, RevisionRecord, Step
from pgharness.rows import Population, Words
from pgharness.servers import Connection
from pgharness.walk.arriving import Arriving
from pgharness.walk.footholds import Footholds
from pgharness.walk.lacking import require_what_is_wanted
from pgharness.walk.lessons import Lessons
from pgharness.walk.outcomes import is_left_as_upgraded, is_spoiled, with_earlier_failures
from pgharness.walk.position import Position
from pgharness.walk.stretch import Stretch
from pgharness.walk.trial import Trial
from pgharness.walk.trying_again import TryingAgain
from pgharness.walk.walked import Walked

Advance = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class WalkRecord:
    """What the walk saw; `revisions` are all of the chain, but for those behind a place that it could not reach a second time."""

    revisions: tuple[RevisionRecord, ...]
    base: Snapshot
    version_table: str
    descent: Descent | None
    words: Words
    """What was learned of columns of texts."""


@dataclass(slots=True)
class Walk:
    """One walk over a chain; `advance` is called with the name of each revision, on the way up and on the way down."""

    project: Project
    databases: Databases
    roundtrips: bool
    advance: Advance
    keeps_contents: bool = False
    traces: bool = False
    """Whether the locks of each step are wanted."""
    notes_commits: bool = False
    """Whether it is noted behind which statements of a step something is committed."""
    walked: Walked = field(default_factory=Walked)
    reads_all: bool = False
    fills_on_the_way: bool = False
    """Whether a new database has rows already where it is brought to a position: a revision before it fails on empty tables."""
    footholds: Footholds = field(init=False)
    lessons: Lessons = field(init=False)
    arriving: Arriving = field(init=False)
    trying_again: TryingAgain = field(init=False)
    trial: Trial = field(init=False)

    def __post_init__(self) -> None:
        """Know nothing of the chain's texts but what the settings say."""
        self.lessons = Lessons(self.project.settings.words)
        self.arriving = Arriving(self.project, self.databases, self.walked.passed_over)
        self.trying_again = TryingAgain(self.lessons, fills=self.project.settings.rows_per_table > 0)
        self.trial = Trial(
            self.project, self.walked, self.arriving, self.trying_again, self.roundtrips, self.keeps_contents
        )

    def run(self) -> WalkRecord:
        """Walk to the heads."""
        try:
            return self._walk()
        except _Missed:
            self.walked.clear()
            self.reads_all = True
            return self._walk()

    def _walk(self) -> WalkRecord:
        self.footholds = Footholds(self.databases)
        position: Position | None = Position(0)
        try:
            while position is not None:
                position = self._on_new_database(position)
        finally:
            self.footholds.clear()
        assert self.walked.base is not None
        return WalkRecord(
            tuple(self.walked.records),
            self.walked.base,
            self.walked.version_table,
            self.walked.descent,
            dict(self.lessons.words),
        )

    def _on_new_database(self, position: Position) -> Position | None:
        """Go on as far as one database serves; give where the next one has to begin, or None at the end."""
        if self.footholds.is_wanted(position) and not self.footholds.make(
            position, partial(self.arriving.comes_to, position)
        ):
            return self._not_arrived(position)
        with self.footholds.start(position) as (database, count):
            if not self.arriving.is_prepared(position, database, count):
                return self._not_arrived(position)
            with database.connect() as observer, converse(self.project, database) as conversation:
                self.walked.version_table = conversation.version_table
                stretch = Stretch(
                    conversation,
                    observer,
                    self.project.settings.rows_per_table,
                    self.lessons.all_words,
                    self.project.chain.revisions,
                    reads_all=self.reads_all,
                    most_compared_rows=self.project.settings.compared_rows if self.keeps_contents else 0,
                    traces=self.traces,
                    notes_commits=self.notes_commits,
                )
                if self.walked.base is None:
                    self.walked.base = stretch.base
                    if self._takes_given(observer):
                        return (
                            self._next(self.arriving.given)
                            if self.arriving.given < len(self.project.chain.revisions)
                            else None
                        )
                following = self._go(stretch, position, max(count, position.deployed))
                if not stretch.catalog.has_missed_nothing():
                    raise _Missed
                return following

    def _takes_given(self, observer: Connection) -> bool:
        """Whether the baseline was taken of a database that has revisions of the chain; they stand there, and are not tried."""
        if self.project.settings.baseline is None or self.walked.base is None:
            return False
        self.arriving.given = self.walked.deployed = given_revisions(
            observer, self.walked.version_table, self.project.chain
        )
        stands = Step((), 0.0, self.walked.base)
        for revision in self.project.chain.revisions[: self.arriving.given]:
            self.walked.records.append(RevisionRecord(revision, self.walked.base, stands, is_given=True))
        return self.arriving.given > 0

    def _go(self, stretch: Stretch, position: Position, count: int) -> Position | None:
        """Go on from a database that has so many revisions."""
        revisions = self.project.chain.revisions
        on_the_way = revisions[count : position.arrival]
        if not stretch.arrive(
            on_the_way, self.walked.passed_over, together=position.together, fills=self.fills_on_the_way
        ):
            return self._not_arrived(position)
        if self.walked.passed_over:
            stretch.look()
        stretch.reached = position.arrival
        stretch.fill(position.population)
        for index in range(position.index, len(revisions)):
            here = position if index == position.index else self._next(index)
            record = self.trial.run(stretch, revisions[index], here)
            if (again := self.trying_again.once_more(stretch, record, here)) is not None:
                return again
            following = self._told(record, here)
            if here.population is Population.PLAIN:
                return following
            if not here.is_populated:
                stretch.fill()  # or the next revision would meet empty tables
            is_passed_over = record.behind and record.upgrade.failure and stretch.seen == record.before
            if (is_passed_over and not stretch.has_ended) or (is_left_as_upgraded(record) and not stretch.is_spent):
                stretch.enter(record.revision)
            elif record.upgrade.failure is not None or is_spoiled(record) or stretch.is_spent:
                return following
        if self.roundtrips and not self.walked.passed_over:
            self.walked.descent = self._descend(stretch)
        return None

    def _not_arrived(self, position: Position) -> Position | None:
        """Return how to go on where what is to stand before does not pass: with rows on the way, then in company, then as env.py deploys it.

        A revision that fails every way is passed over.
        """
        if position.failed is None and not self.fills_on_the_way and self.project.settings.rows_per_table:
            self.fills_on_the_way = True
            self.footholds.leave_off()
            return position
        may_deploy = position.deployed < position.arrival and not self.walked.passed_over
        if position.failed is not None and may_deploy:
            return replace(position, together=False, deployed=position.arrival)
        if position.failed is not None:
            return self._told(with_earlier_failures(position.failed, position), position)
        if not position.together:
            return replace(position, together=True)
        return replace(position, together=False, deployed=position.arrival) if may_deploy else None

    def _told(self, record: RevisionRecord, position: Position) -> Position:
        """Keep what a revision came to, and return where the next one begins on a new database.

        Raises LackOfServerError where the first that fails does so for want of something that the server was built without: those
        behind it would be tried in vain.
        """
        if record.upgrade.failure is not None and not self.walked.passed_over:
            require_what_is_wanted(record.revision, record.upgrade.failure, self.databases.server.description)
        self.walked.records.append(self.lessons.noted(record, position.learned))
        self.advance(record.revision.label)
        if record.upgrade.failure is not None:
            self.walked.passed_over.add(record.revision.revision)
        else:
            self.walked.deployed = max(self.walked.deployed, position.deployed)
        return self._next(position.index + 1)

    def _next(self, index: int) -> Position:
        """Return where a revision begins that was not tried yet."""
        return Position(index, together=self._needs_company(), deployed=self.walked.deployed)

    def _needs_company(self) -> bool:
        return any(record.alone_failure is not None for record in self.walked.records)

    def _descend(self, stretch: Stretch) -> Descent:
        """Go down from the heads to the base in one go, as `alembic downgrade base` does."""
        wanted = []
        for record in reversed(self.walked.records):
            if record.is_given or not record.revision.has_downgrade:
                break
            wanted.append(record.revision)
        for revision, step in stretch.steps(wanted, DOWN):
            self.advance(revision.label)
            if step.failure is not None:
                return Descent(None, revision.revision, step.failure)
        if len(wanted) < len(self.walked.records):
            return Descent(None, self.walked.records[-len(wanted) - 1].revision.revision)
        return Descent(stretch.catalog.read())


class _Missed(Exception):  # noqa: N818 - no error of the code
    """A revision changed the privileges of what came with the server, which was not read each time: walk again, reading all."""
