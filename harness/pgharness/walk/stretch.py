"""The part of a walk that one database serves: runs steps there, reads the catalog after each, and keeps the tables filled."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pgharness.catalog.incremental_reader import Reader
from pgharness.chain.by_hand import ByHand
from pgharness.chain.commits import CommitWatch
from pgharness.chain.contents import ContentsReader
from pgharness.chain.conversation import Conversation
from pgharness.chain.given_numbers import read_given_numbers
from pgharness.chain.messages import STAMP, UP, Direction
from pgharness.chain.next_texts import coming
from pgharness.chain.sources import is_seen_whole
from pgharness.chain.watch import Watch
from pgharness.records.by_hand import HandFailure, Section
from pgharness.records.given_numbers import GivenNumber
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure, RevisionRecord, Step
from pgharness.rows import Population, Raised, Suspect, Words, fill_empty_tables, learn, suspects
from pgharness.servers import Connection
from pgharness.trace.watch import CountersWatch, TraceWatch
from pgharness.walk.held_contents import HeldContents
from pgharness.walk.rows_put_in import RowsPutIn
from pgharness.walk.second_runs import passed_over, set_back

# What these do depends on more than the catalog: on rows, on settings, on what a function holds. A statement also begins behind
# another one and behind a comment.
_OPEN_ENDED = re.compile(r"(?:^|;|\*/|--[^\n]*\n)[\s(]*(?:DO|CALL|WITH|EXECUTE)\b|\bSELECT\b", re.IGNORECASE)


class Stretch:
    """One database of a walk: `base` is its catalog at the beginning, `arrived` the last step on the way to where it starts.

    `seen` is the catalog as it was last read, and `unfilled` are the tables for which no row could be made, each with the reason.
    """

    def __init__(
        self,
        conversation: Conversation,
        observer: Connection,
        rows_per_table: int,
        words: Words,
        revisions: Sequence[Revision],
        *,
        reads_all: bool,
        most_compared_rows: int = 0,
        traces: bool = False,
        notes_commits: bool = False,
    ) -> None:
        self._conversation = conversation
        self._observer = observer
        self._rows_per_table = rows_per_table
        self._words = words
        self._revisions = revisions
        self.reached = 0
        """How many revisions the database has got: what the next ones fill themselves is left to them."""
        self._notes_commits = notes_commits
        self._leave_out = (conversation.version_table,)
        self.catalog = Reader(observer, leave_out=self._leave_out)
        self.base = self.catalog.read() if reads_all else self.catalog.read_first()
        self.seen = self.base
        self.arrived = Step((), 0.0, self.base)
        self._uncounted: list[Watch] = [CountersWatch()] if traces else []
        self._trace = TraceWatch(observer, conversation.backend, self._leave_out) if traces else None
        self.unfilled: tuple[tuple[str, str], ...] = ()
        self._widths: Mapping[int, int] = {}
        reader = ContentsReader(self._leave_out, most_compared_rows) if most_compared_rows else None
        self._contents = HeldContents(observer, reader)
        self.rows = RowsPutIn(observer, self.catalog, self._contents, words, self._leave_out, fills=rows_per_table > 0)
        """Those that stand there beside what fills the tables."""
        self.is_given_up = False
        """Whether it is no longer what an upgrade to the last revision gives."""
        self.has_met_refused_rows = False
        """Whether the last revision was tried on rows that its schema may refuse, or has none to be tried on."""

    @property
    def is_spent(self) -> bool:
        """Whether nothing more can be tried here: the process has ended, rows of ours could not be taken away, or somebody gave it up."""
        return self.has_ended or self.rows.are_kept or self.is_given_up

    @property
    def has_ended(self) -> bool:
        """Whether a revision has ended the process that works on this database."""
        return self._conversation.has_ended

    def arrive(
        self, revisions: Sequence[Revision], passed_over: Collection[str], *, together: bool, fills: bool = False
    ) -> bool:
        """Run what a new database still lacks, entering without running it what is passed over; say whether all passed.

        Where it `fills`, each revision meets tables with rows.
        """
        on_the_way = steps_on_the_way(
            self._conversation, revisions, passed_over, together=together, watches=self._uncounted
        )
        for step, revision in zip(on_the_way, revisions, strict=False):  # a failure ends the steps
            if step.failure is not None:
                return False
            self.arrived = step
            if fills:
                self._has_run(revision, UP)
                self.fill()
        return True

    def look(self) -> Step:
        """Read the catalog that the last step on the way here has led to, and return that step with it."""
        self.seen = self.catalog.read()
        return replace(self.arrived, snapshot=self.seen)

    def enter(self, revision: Revision) -> None:
        """Enter a revision in the version table without running it."""
        for _ in self._conversation.steps([(revision.revision, STAMP)], apart=True):
            pass

    def step(
        self,
        revision: Revision,
        direction: Direction,
        *,
        fill: Population,
        known: Step | None = None,
        files: ByHand | None = None,
    ) -> Step:
        """Run one step in a migration context of its own, and fill what is empty then with such rows.

        Where the same statements met an equal catalog before, in the step `known`, they gave the catalog that they gave then, and nobody
        looks on a second time: not at their locks, nor where they commit. What people
        wrote in `files` to hold behind the step is asked before anything is filled.
        """
        started = time.perf_counter()
        met = self._contents.now()
        before = self._given_numbers(direction)
        trace = self._trace if known is None else None
        asked = [(revision.revision, direction)]
        commits = CommitWatch()
        notes_commits = self._notes_commits and known is None
        watches: list[Watch] = [*([trace] if trace else self._uncounted), *([commits] if notes_commits else [])]
        for step in self._conversation.steps(asked, apart=True, watches=watches):
            is_known = known is not None and _is_repeated(step, known) and is_seen_whole(revision)
            snapshot = known.snapshot if known is not None and is_known else self.catalog.read()
            left = self.rows.take_away()
            self._contents.keep(left)
            assert snapshot is not None
            self.seen = snapshot
            done = replace(
                step,
                snapshot=snapshot,
                duration_s=time.perf_counter() - started,
                met=met,
                left=left,
                trace=trace.take() if trace else None,
                given=self._given_since(before, direction) if step.failure is None else (),
                commits=commits.commits,
            )
        if files is not None and done.failure is None:
            section: Section = "after_upgrade" if direction == UP else "after_downgrade"
            done = replace(done, by_hand=self.by_hand(files, revision, section))
        self._has_run(revision, direction)
        self.fill(fill)
        return done

    def steps(self, revisions: Sequence[Revision], direction: Direction) -> Iterator[tuple[Revision, Step]]:
        """Run steps in one migration context, filling what is empty after each; no catalog is read."""
        asked = [(revision.revision, direction) for revision in revisions]
        for step, revision in zip(self._conversation.steps(asked, apart=False), revisions, strict=False):
            if step.failure is None:
                self._has_run(revision, direction)
                self.fill()
            yield revision, step

    def _has_run(self, revision: Revision, direction: Direction) -> None:
        self.reached = self._revisions.index(revision) + (direction == UP)

    def suspects(self, failure: Failure) -> tuple[Suspect, ...]:
        """Return the columns whose generated texts a failure may come of."""
        return suspects(self._observer, failure.message, raised=_raised(failure), statement=failure.statement)

    def learn(self, found: Sequence[Suspect]) -> Words:
        """Return what these columns are meant to hold, now that the revision has passed."""
        return learn(self._observer, found)

    def fill(self, population: Population = Population.VARIED) -> None:
        """Fill the tables that are empty."""
        if self._rows_per_table and population is not Population.NONE:
            filling = fill_empty_tables(
                self._observer,
                rows_per_table=self._rows_per_table,
                leave_out=self._leave_out,
                widths=self._widths,
                words=self._words,
                population=population,
                coming=coming(self._revisions, self.reached),
            )
            if filling.filled or filling.widths != self._widths:
                self._contents.forget()
            self.unfilled, self._widths = filling.unfilled, filling.widths

    def by_hand(self, files: ByHand, revision: Revision, section: Section) -> tuple[HandFailure, ...]:
        """Run what people wrote for a revision, and return what failed."""
        if not files.has(revision):
            return ()
        self._contents.forget()
        return files.run(revision, section, self._conversation, self._observer)

    def set_back(self, record: RevisionRecord) -> None:
        """Let rows be as one run of an upgrade leaves them, where a second one has taken what the first had passed over."""
        if found := passed_over(record):
            set_back(self._observer, found)
            self._contents.forget()

    def _given_numbers(self, direction: Direction) -> tuple[GivenNumber, ...]:
        """Return the numbers that sequences give though rows have them, where an upgrade is to be judged by its rows."""
        return read_given_numbers(self._observer) if self._contents.reader is not None and direction == UP else ()

    def _given_since(self, before: Sequence[GivenNumber], direction: Direction) -> tuple[GivenNumber, ...]:
        """Return those of sequences of which it was not so before: what our own rows have taken is no revision's doing."""
        known = {one.oid for one in before}
        return tuple(one for one in self._given_numbers(direction) if one.oid not in known)


def _raised(failure: Failure) -> Raised | None:
    """Return where Python raised a failure that is none of the server's; None where it was, or no line of the project's leads there."""
    if failure.sqlstate is not None or not failure.frames:
        return None
    file = failure.frames[-1].file
    with contextlib.suppress(OSError):
        source = Path(file).read_text(encoding="utf-8", errors="replace")
        return Raised(failure.error, source, tuple(one.line for one in failure.frames if one.file == file))
    return None


def steps_on_the_way(
    conversation: Conversation,
    revisions: Sequence[Revision],
    passed_over: Collection[str],
    *,
    together: bool,
    watches: Sequence[Watch] = (),
) -> Iterator[Step]:
    """Yield the steps of revisions that a database still lacks; what is passed over is entered without being run."""
    asked = [(item.revision, STAMP if item.revision in passed_over else UP) for item in revisions]
    return conversation.steps(asked, apart=not together, watches=watches)


def _is_repeated(step: Step, known: Step) -> bool:
    return (
        step.failure is None
        and [statement.said for statement in step.statements] == [statement.said for statement in known.statements]
        and not any(_OPEN_ENDED.search(statement.sql) for statement in step.statements)
    )
