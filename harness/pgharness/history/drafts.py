"""Asks Alembic's autogenerate what it would draft: at the heads, and for an empty database as a whole new chain."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from alembic.autogenerate import RevisionContext, render_op_text
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.operations.ops import MigrateOperation, OpContainer
from alembic.script import ScriptDirectory

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.reader import Reader
from pgharness.databases import Database, Databases
from pgharness.findings import CannotRun
from pgharness.history.chain import open_scripts, read_chain, script_directory
from pgharness.history.environment import Environment, run_environment
from pgharness.history.keeping import models_kept
from pgharness.history.models import prepare_like
from pgharness.history.records import DraftRecord, Failure
from pgharness.history.steps import Direction, describe, run_step
from pgharness.settings import HarnessSettings


def pending_operations(config: Config, scripts: ScriptDirectory, environment: Environment) -> tuple[str, ...]:
    """Give the operations that `alembic check` would still want, each as the line that a draft would hold."""
    with models_kept(environment.target_metadata):
        drafts = _compare(config, scripts, environment)
        context = AutogenContext(environment.new_context())
        return tuple(
            render_op_text(context, operation)
            for revision in drafts.generated_revisions
            for container in revision.upgrade_ops_list
            for operation in _leaves(container)
        )


def draft_chain(
    databases: Databases, settings: HarnessSettings, head: Snapshot, pending: tuple[str, ...]
) -> DraftRecord:
    """Let autogenerate write a whole chain into a folder of its own, run it on an empty database, and read the catalog.

    Extensions and schemas are made first, because models cannot declare them. What goes wrong on the way is the verdict,
    so it is recorded and not raised.
    """
    with databases.experiment("draft") as database:
        with database.connect() as connection:
            prepare_like(connection, head)
        try:
            with tempfile.TemporaryDirectory(prefix="pgharness-draft-") as folder:
                _write_draft(Path(folder), database, settings)
                snapshot, failure = _run_draft(Path(folder), database, settings)
        except CannotRun as error:
            return DraftRecord(pending, None, Failure("CannotRun", f"{error.what} {error.seen}"))
        except Exception as error:  # noqa: BLE001 - what Alembic, env.py's hooks and drafted code raise is the verdict
            return DraftRecord(pending, None, describe(error))
        return DraftRecord(pending, snapshot and snapshot.declared_beside(head), failure)


def _write_draft(folder: Path, database: Database, settings: HarnessSettings) -> None:
    config, scripts = _empty_scripts(folder, settings)

    def write(environment: Environment) -> None:
        with models_kept(environment.target_metadata):
            list(_compare(config, scripts, environment).generate_scripts())

    run_environment(config, scripts, database, settings.environment, write)


def _run_draft(folder: Path, database: Database, settings: HarnessSettings) -> tuple[Snapshot | None, Failure | None]:
    config, scripts = _empty_scripts(folder, settings)
    outcome: list[tuple[Snapshot | None, Failure | None]] = []

    def upgrade(environment: Environment) -> None:
        for revision in read_chain(scripts).revisions:
            step = run_step(environment, scripts, revision, Direction.UP)
            if step.failure is not None:
                outcome.append((None, step.failure))
                return
        with database.connect() as observer:
            outcome.append((Reader(observer, leave_out=(environment.version_table,)).read(), None))

    run_environment(config, scripts, database, settings.environment, upgrade)
    return outcome[0]


def _empty_scripts(folder: Path, settings: HarnessSettings) -> tuple[Config, ScriptDirectory]:
    """Open the project's scripts with another, at first empty, folder of versions."""
    config, _ = open_scripts(settings.alembic)
    config.set_main_option("version_locations", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("sourceless", "false")
    config.file_config.remove_section("post_write_hooks")
    config.file_config.add_section("post_write_hooks")  # an empty one, or those of a pyproject.toml would run
    return config, script_directory(config)


def _compare(config: Config, scripts: ScriptDirectory, environment: Environment) -> RevisionContext:
    """Do what `alembic revision --autogenerate` does up to the writing of files, env.py's own hooks included."""
    arguments = {
        "message": "draft",
        "autogenerate": True,
        "sql": False,
        "head": "head",
        "splice": False,
        "branch_label": None,
        "version_path": None,
        "rev_id": None,
        "depends_on": None,
    }
    drafts = RevisionContext(config, scripts, arguments)
    context = environment.new_context(template_args=drafts.template_args, revision_context=drafts)
    drafts.run_autogenerate(context.get_current_heads(), context)
    environment.connection.rollback()
    return drafts


def _leaves(operation: MigrateOperation) -> Iterator[MigrateOperation]:
    if isinstance(operation, OpContainer):
        for inner in operation.ops:
            yield from _leaves(inner)
    else:
        yield operation
