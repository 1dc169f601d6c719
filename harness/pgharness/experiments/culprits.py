"""Finds the statement behind which contents are no longer what they were, by running a revision again and looking after each."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pgharness.chain.contents import ContentsReader
from pgharness.chain.conversation import converse
from pgharness.chain.messages import DOWN, UP
from pgharness.chain.project import Project
from pgharness.chain.watch import Ask, Moment
from pgharness.databases import Databases
from pgharness.experiments.checkpoints import Checkpoints
from pgharness.findings import CannotRun
from pgharness.records.changes import TableChanges, changes
from pgharness.records.contents import Contents
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord, Step
from pgharness.rows import fill_empty_tables

# Each needs a database at the revision before, which is the chain up to there once more.
MOST_REVISIONS = 8


def with_culprits(
    project: Project, databases: Databases, revisions: tuple[RevisionRecord, ...], lossy: Collection[str]
) -> Iterator[RevisionRecord]:
    """Yield the revisions, the first of those that lose something with the statements that do."""
    left = MOST_REVISIONS
    for item in revisions:
        if item.revision.revision in lossy and left and _is_open(item):
            left -= 1
            yield replace(item, culprits=_culprits(project, databases, item))
        else:
            yield item


def _is_open(item: RevisionRecord) -> bool:
    """Whether several statements of the revision may have done it."""
    steps = [step for step in (item.upgrade, item.downgrade) if step is not None]
    return any(len([one for one in step.statements if one.file == item.revision.path]) > 1 for step in steps)


def _culprits(project: Project, databases: Databases, item: RevisionRecord) -> Mapping[tuple[str, str], Statement]:
    revision = item.revision.revision
    before = project.chain.ancestors(revision) - {revision}
    try:
        database = Checkpoints(project, databases).with_applied(before)
    except CannotRun:
        return {}
    try:
        with database.connect() as observer, converse(project, database) as conversation:
            table = conversation.version_table
            reader = ContentsReader((table,), project.settings.compared_rows)
            watches = [_Watch(reader, direction) for direction in (UP, DOWN)]
            for direction, watch in zip((UP, DOWN) if item.revision.has_downgrade else (UP,), watches, strict=False):
                watch.seen = reader.read(observer)
                for _ in conversation.steps([(revision, direction)], apart=True, watches=[watch]):
                    pass
                fill_empty_tables(observer, rows_per_table=project.settings.rows_per_table, leave_out=(table,))
    except CannotRun:
        return {}
    finally:
        databases.drop(database)
    return {key: statement for watch in watches for key, statement in watch.found.items()}


@dataclass
class _Watch:
    """Looks after each statement; the first behind which something differs is the one that did it."""

    reader: ContentsReader
    direction: str
    wants: frozenset[Moment] = frozenset({"after_statement"})
    seen: Contents | None = None
    found: dict[tuple[str, str], Statement] = field(default_factory=dict)

    def before_statement(self, statement: Statement, ask: Ask) -> None:
        """Wait for what it does."""

    def after_statement(self, statement: Statement, ask: Ask) -> None:
        """Note what is no longer what it was."""
        if not statement.file or self.seen is None:
            return
        now = self.reader.ask(ask)
        for one in changes(self.seen, now).values():
            for subject in _subjects(one):
                self.found.setdefault((self.direction, subject), statement)
        self.seen = now

    def after_commit(self, ask: Ask) -> None:
        """Wait for the next one."""

    def after_step(self, step: Step, ask: Ask) -> None:
        """Wait for the next one."""


def _subjects(one: TableChanges) -> Iterator[str]:
    if one.is_gone or one.vanished:
        yield f"table {one.table}"
    for column in (*one.values, *one.gone, *one.retyped):
        yield f"column {one.table}.{column}"
