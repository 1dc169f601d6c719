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
from pgharness.chain.by_hand import ByHand
from pgharness.chain.conversation import converse
from pgharness.chain.messages import DOWN, UP
from pgharness.chain.project import Project
from pgharness.databases import Databases
from pgharness.records.revisions import Revision
from pgharness.records.steps import Descent, RevisionRecord, Step
from pgharness.rows import Population, Words
from pgharness.servers import Connection
from pgharness.walk.arriving import Arriving
from pgharness.walk.footholds import Footholds
from pgharness.walk.lacking import require_what_is_wanted
from pgharness.walk.lessons import Lessons
from pgharness.walk.newer_rows import adds_refusals
from pgharness.walk.open_checks import open_checks
from pgharness.walk.outcomes import (
    can_only_fail,
    is_left_as_upgraded,
    is_spoiled,
    may_go_back,
    own_failures,
    traces_of_passed,
    undoes_nothing,
    waits_for_itself,
    with_earlier_failures,
)
from pgharness.walk.position import Position
from pgharness.walk.stretch import Stretch

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
    records: list[RevisionRecord] = field(default_factory=list)
    base: Snapshot | None = None
    version_table: str = ""
    descent: Descent | None = None
    reads_all: bool = False
    deployed: int = 0
    """How many revisions, from the first, come to a new database as env.py deploys them."""
    passed_over: set[str] = field(default_factory=set)
    """The revisions that fail every way."""
    fills_on_the_way: bool = False
    """Whether a new database has rows already where it is brought to a position: a revision before it fails on empty tables."""
    footholds: Footholds = field(init=False)
    lessons: Lessons = field(init=False)
    arriving: Arriving = field(init=False)

    def __post_init__(self) -> None:
        """Know nothing of the chain's texts but what the settings say."""
        self.lessons = Lessons(self.project.settings.words)
        self.arriving = Arriving(self.project, self.databases, self.passed_over)

    def run(self) -> WalkRecord:
        """Walk to the heads."""
        try:
            return self._walk()
        except _Missed:
            self.records.clear()
            self.passed_over.clear()
            self.base, self.descent, self.reads_all, self.deployed = None, None, True, 0
            return self._walk()

    def _walk(self) -> WalkRecord:
        self.footholds = Footholds(self.databases)
        position: Position | None = Position(0)
        try:
            while position is not None:
                position = self._on_new_database(position)
        finally:
            self.footholds.clear()
        assert self.base is not None
        return WalkRecord(tuple(self.records), self.base, self.version_table, self.descent, dict(self.lessons.words))

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
                self.version_table = conversation.version_table
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
                if self.base is None:
                    self.base = stretch.base
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
        if self.project.settings.baseline is None or self.base is None:
            return False
        self.arriving.given = self.deployed = given_revisions(observer, self.version_table, self.project.chain)
        stands = Step((), 0.0, self.base)
        for revision in self.project.chain.revisions[: self.arriving.given]:
            self.records.append(RevisionRecord(revision, self.base, stands, is_given=True))
        return self.arriving.given > 0

    def _go(self, stretch: Stretch, position: Position, count: int) -> Position | None:
        """Go on from a database that has so many revisions."""
        revisions = self.project.chain.revisions
        on_the_way = revisions[count : position.arrival]
        if not stretch.arrive(on_the_way, self.passed_over, together=position.together, fills=self.fills_on_the_way):
            return self._not_arrived(position)
        if self.passed_over:
            stretch.look()
        stretch.reached = position.arrival
        stretch.fill(position.population)
        for index in range(position.index, len(revisions)):
            here = position if index == position.index else self._next(index)
            record = self._try(stretch, revisions[index], here)
            if (again := self._again(stretch, record, here)) is not None:
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
        if self.roundtrips and not self.passed_over:
            self.descent = self._descend(stretch)
        return None

    def _not_arrived(self, position: Position) -> Position | None:
        """Return how to go on where what is to stand before does not pass: with rows on the way, then in company, then as env.py deploys it.

        A revision that fails every way is passed over.
        """
        if position.failed is None and not self.fills_on_the_way and self.project.settings.rows_per_table:
            self.fills_on_the_way = True
            self.footholds.leave_off()
            return position
        may_deploy = position.deployed < position.arrival and not self.passed_over
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
        if record.upgrade.failure is not None and not self.passed_over:
            require_what_is_wanted(record.revision, record.upgrade.failure, self.databases.server.description)
        self.records.append(self.lessons.noted(record, position.learned))
        self.advance(record.revision.label)
        if record.upgrade.failure is not None:
            self.passed_over.add(record.revision.revision)
        else:
            self.deployed = max(self.deployed, position.deployed)
        return self._next(position.index + 1)

    def _next(self, index: int) -> Position:
        """Return where a revision begins that was not tried yet."""
        return Position(index, together=self._needs_company(), deployed=self.deployed)

    def _try(self, stretch: Stretch, revision: Revision, position: Position) -> RevisionRecord:
        """Run a revision up, down and up again."""
        stretch.has_met_refused_rows = False
        if position.refused is not None:
            return self._up_on_refused_rows(stretch, position.refused)
        failures = stretch.by_hand(self._files, revision, "before") if self._files is not None else ()
        if position.population is Population.VARIED and position.failed is None:
            stretch.rows.put_in_of_literals(revision)
        record = replace(self._up(stretch, revision, position), by_hand=failures)
        if position.failed is not None and position.is_deployed and self.arriving.is_deployed_by_itself(position):
            return replace(record, walk_failure=position.failed.upgrade.failure)
        if record.upgrade.failure is None and self.roundtrips and revision.has_downgrade:
            if position.newer is None and position.is_populated and revision.irreversible is None:
                record = replace(record, newer_rows=stretch.rows.put_in_newer(record.before, stretch.seen))
            record = self._there_and_back_once_more(stretch, self._there_and_back(stretch, record, position), position)
        return self._on_refused_rows(stretch, with_earlier_failures(record, position), position)

    def _on_refused_rows(self, stretch: Stretch, record: RevisionRecord, position: Position) -> RevisionRecord:
        """Run an upgrade that has passed once more, on rows of before that its own schema may refuse, such as two that are alike.

        These are known only now. What it makes of them is not judged, for it may clean them first.
        """
        if not may_go_back(record) or stretch.is_spent or not self._may_refuse(record, position):
            return record
        stretch.is_given_up = True
        down = stretch.step(record.revision, DOWN, fill=Population.VARIED, known=record.downgrade)
        if down.failure is not None or down.snapshot != record.before:
            return record
        return self._up_on_refused_rows(stretch, record)

    def _may_refuse(self, record: RevisionRecord, position: Position) -> bool:
        """Whether an upgrade has passed on varied rows, and its schema may refuse others of before."""
        after = record.upgrade.snapshot
        has_passed = record.upgrade.failure is None and record.upgrade_rows_failure is None and after is not None
        is_alone = position.failed is None and record.behind is None and position.population is Population.VARIED
        if not has_passed or after is None or not is_alone or not self.project.settings.rows_per_table:
            return False
        return adds_refusals(after, record.before)

    def _up_on_refused_rows(self, stretch: Stretch, record: RevisionRecord) -> RevisionRecord:
        """Run an upgrade on a database that stands as it did before, with such rows."""
        after = record.upgrade.snapshot
        assert after is not None
        unvalidated = open_checks(self.records, record.before, self.version_table)
        stretch.has_met_refused_rows = True
        rows = stretch.rows.put_in_refused(record.before, after, unvalidated)
        up = stretch.step(record.revision, UP, fill=Population.VARIED, known=record.upgrade)
        stretch.is_given_up = up.failure is not None or up.snapshot != after
        if rows and up.failure is not None and up.failure.may_come_of_values:
            return replace(record, upgrade_rows_failure=up.failure, refused_rows=rows)
        stretch.set_back(record)
        return record

    def _up(self, stretch: Stretch, revision: Revision, position: Position) -> RevisionRecord:
        """Run a revision up; one that failed by itself has come here with those before it."""
        failed = position.failed
        if failed is not None:
            arrived = stretch.look()
            if position.is_deployed:
                arrived = replace(failed.upgrade, failure=None, snapshot=stretch.seen)
            return replace(failed, upgrade=arrived, unfilled=stretch.unfilled)
        before = stretch.seen if self.passed_over else self.records[-1].upgrade.snapshot if self.records else self.base
        assert before is not None
        unfilled, step = stretch.unfilled, stretch.step(revision, UP, fill=position.population, files=self._files)
        behind = self._behind(revision)
        return RevisionRecord(revision, before, step, unfilled=unfilled, behind=behind, population=position.population)

    def _behind(self, revision: Revision) -> str | None:
        """Return the first revision that was passed over and that this one builds upon."""
        before = self.project.chain.ancestors(revision.revision) & self.passed_over
        return next((item.revision for item in self.project.chain.revisions if item.revision in before), None)

    def _there_and_back_once_more(self, stretch: Stretch, record: RevisionRecord, position: Position) -> RevisionRecord:
        """Try a downgrade that has failed on rows of the new schema, and has left nothing, without them."""
        down = record.downgrade
        has_failed = record.newer_rows and down is not None and down.failure is not None
        if not has_failed or down is None or down.snapshot != record.upgrade.snapshot or stretch.is_spent:
            return record
        again = self._there_and_back(stretch, replace(record, newer_rows=(), downgrade=None), position)
        return with_earlier_failures(again, replace(position, newer=record))

    @property
    def _files(self) -> ByHand | None:
        """What people wrote by hand, where contents are wanted."""
        return ByHand(self.project.settings.data_folder) if self.keeps_contents else None

    def _there_and_back(self, stretch: Stretch, record: RevisionRecord, position: Position) -> RevisionRecord:
        downgrade = stretch.step(record.revision, DOWN, fill=position.population, files=self._files)
        record = replace(record, downgrade=downgrade)
        if downgrade.failure is not None or position.failed is not None:
            return record
        known = record.upgrade if downgrade.snapshot == record.before else None
        record = replace(record, reupgrade=stretch.step(record.revision, UP, fill=Population.VARIED, known=known))
        stretch.set_back(record)
        return record

    def _again(self, stretch: Stretch, record: RevisionRecord, position: Position) -> Position | None:
        """Return how a revision is tried once more, on a new database."""
        if position.refused is not None:
            return None
        tried = self._to_be_tried_again(stretch, record, position)
        return tried or self._to_meet_refused_rows(stretch, record, position)

    def _to_be_tried_again(self, stretch: Stretch, record: RevisionRecord, position: Position) -> Position | None:
        """Return how a revision that failed is tried once more: on plain rows, then without rows, then in one go with those before it.

        One that has passed without rows shows what texts were to be like, and is tried with such ones.
        """
        failures = own_failures(record)
        is_refused = record.downgrade is not None and record.downgrade.failure is not None
        if record.newer_rows and is_refused and position.newer is None:
            return replace(position, newer=record)
        if not failures and self.lessons.learn(stretch, position.suspects):
            return replace(
                position,
                population=Population.VARIED,
                rows_failures=(),
                suspects=(),
                traces=(),
                learned=position.suspects,
            )
        if not failures or position.failed is not None or can_only_fail(record) or undoes_nothing(record):
            return None
        if position.is_populated and self.project.settings.rows_per_table:
            found = tuple(
                one for _, failure in failures for one in stretch.suspects(failure) if one not in position.learned
            )
            is_first = position.population is Population.VARIED
            may_pass = is_first and not found and all(failure.may_come_of_values for _, failure in failures)
            population = Population.PLAIN if may_pass else Population.NONE
            failed = tuple({**dict(failures), **dict(position.rows_failures)}.items())
            traces = tuple({**dict(traces_of_passed(record)), **dict(position.traces)}.items())
            return replace(position, population=population, rows_failures=failed, suspects=found, traces=traces)
        if record.upgrade.failure is None or record.behind is not None or waits_for_itself(record):
            return None
        return replace(position, failed=record, together=True)

    def _to_meet_refused_rows(self, stretch: Stretch, record: RevisionRecord, position: Position) -> Position | None:
        """Return how an upgrade meets rows that it may refuse, where no downgrade has led back to them."""
        if stretch.has_met_refused_rows:
            return None
        is_left = not own_failures(record) or undoes_nothing(record)
        return replace(position, refused=record) if is_left and self._may_refuse(record, position) else None

    def _needs_company(self) -> bool:
        return any(record.alone_failure is not None for record in self.records)

    def _descend(self, stretch: Stretch) -> Descent:
        """Go down from the heads to the base in one go, as `alembic downgrade base` does."""
        wanted = []
        for record in reversed(self.records):
            if record.is_given or not record.revision.has_downgrade:
                break
            wanted.append(record.revision)
        for revision, step in stretch.steps(wanted, DOWN):
            self.advance(revision.label)
            if step.failure is not None:
                return Descent(None, revision.revision, step.failure)
        if len(wanted) < len(self.records):
            return Descent(None, self.records[-len(wanted) - 1].revision.revision)
        return Descent(stretch.catalog.read())


class _Missed(Exception):  # noqa: N818 - no error of the code
    """A revision changed the privileges of what came with the server, which was not read each time: walk again, reading all."""
