"""Lets the project deploy its chain to a database as it always does: `alembic upgrade`, env.py as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from psycopg import errors, sql

from pgharness.catalog.snapshot import take_snapshot
from pgharness.chain.child import ProcessEnded
from pgharness.chain.given_numbers import read_given_numbers
from pgharness.chain.lock_waits import LockWaits
from pgharness.chain.messages import failure_of, statement_of
from pgharness.chain.project import Project
from pgharness.databases import Database
from pgharness.findings import CannotRun
from pgharness.records.deployment import ConfigureCall, DeploymentRecord, MigrationRun
from pgharness.records.steps import Failure
from pgharness.servers import Connection


def deploy(
    project: Project,
    database: Database,
    targets: tuple[str, ...] = (),
    *,
    forced: Mapping[str, bool] = MappingProxyType({}),
) -> DeploymentRecord:
    """Upgrade the database to these revisions, else to the heads, and read what stands there afterwards.

    `forced` options of `context.configure()` win over those that env.py gives.

    A revision that ends the process has failed as one that raises. env.py finds the database by its URL, as it does in production; one that takes nothing but a connection in
    `config.attributes` gets that. Raises CannotRun where it takes neither.
    """
    death = None
    try:
        told, waited = _run(project, database, targets, forced, hand_over=False)
    except ProcessEnded as ended:
        told, waited = {"runs": (), "begun": False, "failure": None, "revision": None, "after": None}, ""
        death = ended.as_failure()
    except CannotRun:
        told, waited = _run(project, database, targets, forced, hand_over=True)
    runs = tuple(_run_of(one) for one in told["runs"])
    failure = death or failure_of(told["failure"])
    with database.connect() as observer:
        tables = tuple(dict.fromkeys(run.version_table for run in runs))
        return DeploymentRecord(
            runs,
            told["begun"],
            tuple(revision for table in tables for revision in _applied(observer, table)),
            take_snapshot(observer, leave_out=tables),
            project.env_py,
            replace(failure, waited=waited) if failure is not None else None,
            told["revision"],
            after=statement_of(told["after"]) if told["after"] is not None else None,
            given=read_given_numbers(observer),
        )


def run_deployment(project: Project, database: Database, targets: tuple[str, ...] = ()) -> Failure | None:
    """Upgrade the database to these revisions, else to the heads, and return why that failed; waits for locks are nobody's business.

    For a project of which it is known how env.py finds its database. Raises CannotRun where env.py itself fails.
    """
    task = project.task("deploy", database, hand_over=project.runs.hands_over, targets=targets)
    try:
        with project.runs.child(task) as child:
            failure = failure_of(child.receive("deployed")["failure"])
            child.receive("end")
            return failure
    except ProcessEnded as ended:
        return ended.as_failure()


def _run(
    project: Project, database: Database, targets: tuple[str, ...], forced: Mapping[str, bool], *, hand_over: bool
) -> tuple[dict[str, Any], str]:
    task = project.task("deploy", database, hand_over=hand_over, targets=targets, forced=forced)
    with LockWaits(database) as waits, project.runs.child(task) as child:
        child.on_silence = waits.look
        told = child.receive("deployed")
        child.receive("end")
        return told, waits.ended


def _run_of(told: dict[str, Any]) -> MigrationRun:
    before = statement_of(told["before"]) if told["before"] is not None else None
    apart = ConfigureCall(**told["apart"]) if told["apart"] is not None else None
    return MigrationRun(
        told["version_table"], told["in_transaction"], before, told["options"], told["commits_each"], apart
    )


def _applied(observer: Connection, version_table: str) -> tuple[str, ...]:
    """Read which revisions a version table holds; the name is printed by PostgreSQL, so it is quoted where it has to be."""
    try:
        rows = observer.execute(sql.SQL("SELECT version_num FROM {} ORDER BY 1").format(sql.SQL(version_table)))
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName):
        return ()
    return tuple(str(revision) for (revision,) in rows)
