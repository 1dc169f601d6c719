"""Tries the release before on the newest revisions, from a database that stands just before them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg

from pgharness.chain.conversation import converse
from pgharness.chain.deployment import deploy
from pgharness.chain.previous import previous_release
from pgharness.chain.project import Project
from pgharness.databases import Database
from pgharness.experiments.checkpoints import Checkpoints
from pgharness.experiments.experiment import Experiment, Site
from pgharness.experiments.old_release.given import given_statements
from pgharness.experiments.old_release.rolling import Rolling
from pgharness.findings import CannotRun
from pgharness.records.old_release import OldReleaseRecord
from pgharness.records.revisions import Chain, Revision
from pgharness.records.steps import OF_VALUES
from pgharness.rows import Population
from pgharness.rows.row_values import Fullness
from pgharness.rows.sample_rows import add_rows_to_parents

# Rows of the release before in tables that others refer to, so that each can have more children than it has.
FURTHER_PARENTS = ((4, Fullness.FULL), (5, Fullness.FULL), (6, Fullness.FULL))


def try_old_release(site: Site) -> OldReleaseRecord:
    """Try the release before, on no revision where there is nothing before the newest ones."""
    try:
        if site.settings.previous is None:
            record = _tried(site, newest(site.project.chain, site.settings.since), site.settings.statements)
            return replace(record, is_chosen=site.settings.since is not None)
        with previous_release(site.project) as before:
            window = missing_in(before.chain, site.project.chain)
            return replace(_tried(site, window, before.settings.statements, before), is_chosen=True)
    except CannotRun as reason:
        return OldReleaseRecord((), unmade=f"{reason.what} {reason.seen}")
    except psycopg.OperationalError:
        raise  # the server is gone, which is told as such
    except psycopg.Error as error:  # a role that is not there, a catalog that may not be read
        return OldReleaseRecord((), unmade=f"{type(error).__name__}: {str(error).splitlines()[0]}")


def missing_in(before: Chain, chain: Chain) -> tuple[Revision, ...]:
    """Return the revisions of a chain that the one of the release before does not have."""
    known = {item.revision for item in before.revisions}
    return tuple(item for item in chain.revisions if item.revision not in known)


def newest(chain: Chain, since: str | None) -> tuple[Revision, ...]:
    """Return the revisions that the next deployment runs: those after `since`, else those that no other builds upon.

    A merge or a revision without a body alone deploys nothing; those before it come along.
    """
    if since is not None:
        before = chain.ancestors(since)
        return tuple(item for item in chain.revisions if item.revision not in before)
    by_id = {item.revision: item for item in chain.revisions}
    found, pending = set[str](), list(chain.heads)
    while pending:
        item = by_id[pending.pop()]
        found.add(item.revision)
        if item.is_merge or not item.has_upgrade:
            pending.extend(item.down_revisions)
    return tuple(item for item in chain.revisions if item.revision in found)


def _tried(
    site: Site, window: tuple[Revision, ...], statements: Path | None, before: Project | None = None
) -> OldReleaseRecord:
    """Roll through the window; then, where git has the release before, let it start on what is there."""
    project, databases = site.project, site.databases
    start = frozenset(item.revision for item in project.chain.revisions) - {item.revision for item in window}
    if not window or not start:
        return OldReleaseRecord(())
    checkpoints = Checkpoints(project, databases, site.learned)
    with databases.outside_undone():
        database, scratch = (checkpoints.filled(start) for _ in range(2))
        record = _rolled(site, window, statements, (database, scratch), leaves_rows=True)
        if record.failure is not None and record.failure.may_come_of_values:
            plain, other = (checkpoints.filled_at_last(start, Population.PLAIN) for _ in range(2))
            again = _rolled(site, window, statements, (plain, other), leaves_rows=False)
            if again.failed_at is not None and again.failure is not None and again.failure.may_come_of_values:
                return _on_empty_tables(site, window, statements, start, record)
            return _with_what_rows_hid(record, again)
        if before is None or record.failed_at is not None:
            return record
        return replace(record, start_failure=deploy(before, database).failure)


def _on_empty_tables(
    site: Site, window: tuple[Revision, ...], statements: Path | None, start: frozenset[str], record: OldReleaseRecord
) -> OldReleaseRecord:
    """Try a window that fails on whatever rows were made on none; what the release before does to those that it writes itself is seen there."""
    checkpoints = Checkpoints(site.project, site.databases, site.learned)
    empty, other = (checkpoints.with_applied(start, rows=False) for _ in range(2))
    again = _rolled(site, window, statements, (empty, other), leaves_rows=False)
    return record if again.failed_at is not None else replace(_with_what_rows_hid(record, again), had_no_rows=True)


def _with_what_rows_hid(record: OldReleaseRecord, again: OldReleaseRecord) -> OldReleaseRecord:
    """Add to a record that ends at a revision which fails on rows what was seen of it on others.

    What is refused for its values there is so for the cause for which the revision fails.
    """
    if again.failed_at is not None:
        return record
    seen = tuple(
        one for one in again.broken if one.after.refusal is None or not one.after.refusal.sqlstate.startswith(OF_VALUES)
    )
    return replace(again, broken=seen, failed_at=record.failed_at, failure=record.failure)


def _rolled(
    site: Site,
    window: tuple[Revision, ...],
    statements: Path | None,
    databases: tuple[Database, Database],
    *,
    leaves_rows: bool,
) -> OldReleaseRecord:
    """Roll through the window on the first of two databases that are alike; where it `leaves_rows`, later revisions meet what it writes."""
    database, scratch = databases
    project = site.project
    with converse(project, database) as conversation:
        version_table = conversation.version_table
    with database.connect() as connection:
        given = given_statements(connection, statements)
    # What a release is known to write, needs no other rows than those of the walk; more might stand where a revision puts its own.
    for one in (database, scratch) if leaves_rows and not given else ():
        with one.connect() as connection:
            add_rows_to_parents(connection, FURTHER_PARENTS, (version_table,), site.words)
    role = site.settings.app_role or ""
    rolling = Rolling(project, site.databases, database, version_table, role, given, leaves_rows, words=site.words)
    return rolling.roll(scratch, window)


EXPERIMENT = Experiment("old_release", try_old_release, upgrades=True)
