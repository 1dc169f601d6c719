"""Runs one revision up or down on the connection that env.py configured, and records how it went."""

from __future__ import annotations

from enum import StrEnum

from alembic.operations import Operations
from alembic.runtime.migration import MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pgharness.history.environment import Environment
from pgharness.records.revisions import Revision
from pgharness.records.steps import Failure, Step

REFUSALS = (NotImplementedError, RuntimeError)


class Direction(StrEnum):
    """Which way a revision is run."""

    UP = "upgrade"
    DOWN = "downgrade"


def run_step(environment: Environment, scripts: ScriptDirectory, revision: Revision, direction: Direction) -> Step:
    """Run one revision in its own transaction; a failure is recorded, not raised. Snapshot and duration are left to the caller."""
    environment.statements.clear()
    failure = None
    try:
        step = step_of(scripts, revision, direction)
        context = environment.new_context(fn=lambda _heads, _context: [step])
        with Operations.context(context), context.begin_transaction():
            context.run_migrations(**environment.run_arguments)
        if environment.connection.in_transaction():
            environment.connection.commit()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a revision is anybody's code and may raise anything
        failure = describe(error, environment.statements)
        environment.connection.rollback()
    return Step(tuple(environment.statements), 0.0, None, failure)


def step_of(scripts: ScriptDirectory, revision: Revision, direction: Direction) -> MigrationStep:
    """Give what Alembic runs for a revision."""
    make = MigrationStep.upgrade_from_script if direction is Direction.UP else MigrationStep.downgrade_from_script
    script = scripts.get_revision(revision.revision)
    assert script is not None, revision.revision
    return make(scripts.revision_map, script)


def describe(error: BaseException, statements: list[str] | None = None) -> Failure:
    """Say why something ended: the driver's own words where there are any, and the last statement that was sent."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    statement = error.statement if isinstance(error, DBAPIError) else None
    return Failure(
        error=type(original).__name__,
        message=str(original).strip() or type(original).__name__,
        statement=statement or (statements[-1] if statements else None),
        sqlstate=getattr(original, "sqlstate", None),
        refused=isinstance(error, REFUSALS) and not isinstance(error, SQLAlchemyError),
    )
