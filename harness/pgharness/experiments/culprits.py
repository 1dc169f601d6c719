"""Finds the statement behind which contents are no longer what they were, by running a revision again and looking after each.

All are run again on copies of one database, which is brought along the chain for them once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pgharness.chain.contents import ContentsReader
from pgharness.chain.conversation import converse
from pgharness.chain.messages import DOWN, UP
from pgharness.chain.watch import Ask, Moment, QueryRefused
from pgharness.databases import Database
from pgharness.experiments.experiment import Site
from pgharness.experiments.road import new_road
from pgharness.findings import CannotRun
from pgharness.records.changes import TableChanges, changes
from pgharness.records.contents import Contents
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord, Step
from pgharness.rows import fill_empty_tables

MOST_REVISIONS = 24


def with_culprits(
    site: Site, revisions: tuple[RevisionRecord, ...], lossy: Collection[str]
) -> tuple[RevisionRecord, ...]:
    """Return the revisions, the first of those that lose something with the statements that do."""
    wanted = [item for item in revisions if item.revision.revision in lossy and _is_open(item)][:MOST_REVISIONS]
    found: dict[str, Mapping[tuple[str, str], Statement]] = {}
    # What does not pass on rows again is not looked into, nor what stands behind it.
    with contextlib.suppress(CannotRun):
        found.update(_along_the_chain(site, wanted))
    return tuple(replace(item, culprits=found.get(item.revision.revision, {})) for item in revisions)


def _along_the_chain(
    site: Site, wanted: Sequence[RevisionRecord]
) -> Iterator[tuple[str, Mapping[tuple[str, str], Statement]]]:
    if not wanted:
        return
    with new_road(site, site.settings.rows_per_table) as road:
        for item in wanted:
            road.go_before(item.revision)
            with road.copy() as copy:
                yield item.revision.revision, _culprits(site, copy, item)


def _is_open(item: RevisionRecord) -> bool:
    """Whether several statements of the revision may have done it."""
    steps = [step for step in (item.upgrade, item.downgrade) if step is not None]
    return any(len([one for one in step.statements if one.file == item.revision.path]) > 1 for step in steps)


def _culprits(site: Site, database: Database, item: RevisionRecord) -> Mapping[tuple[str, str], Statement]:
    revision = item.revision.revision
    try:
        with database.connect() as observer, converse(site.project, database) as conversation:
            table = conversation.version_table
            reader = ContentsReader((table,), site.settings.compared_rows)
            watches = [_Watch(reader, direction) for direction in (UP, DOWN)]
            for direction, watch in zip((UP, DOWN) if item.revision.has_downgrade else (UP,), watches, strict=False):
                watch.seen = reader.read(observer)
                for _ in conversation.steps([(revision, direction)], apart=True, watches=[watch]):
                    pass
                fill_empty_tables(observer, rows_per_table=site.settings.rows_per_table, leave_out=(table,))
    except CannotRun:
        return {}
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
        try:
            now = self.reader.ask(ask)
        except QueryRefused:  # a role that may not read all
            self.seen = None
            return
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
