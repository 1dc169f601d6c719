"""Serves one run: opens the project, does what is asked, and tells how it went."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

from . import ahead
from .autogenerate import pending_operations, write_draft
from .by_hand import call_by_hand
from .channel import Channel, Message
from .chosen_folders import chosen_folders
from .conventions import conventions_of, names_in
from .deploying import Deployment
from .environment import Environment, connection_for_env_py, run_environment
from .failures import describe
from .forking import leave_nursery
from .imports import imported_modules, note_imports
from .leaving_out import LeftOut
from .models import build_models
from .plugins import make_what_plugins_declare
from .project import Project, move_to, open_project
from .queries import answer_query
from .reflected import note_reflected
from .revisions import has_no_revision, load_metadata, read_chain, version_folders
from .steps import Runner
from .unimported import unimported_tables
from .versions import rollback
from .writing_sql import write_sql

UNTRANSLATED = "Alembic's comparison follows no schema_translate_map, and would find none of the models' tables at the heads; `drift` does"


def serve(channel: Channel, nursery: socket.socket | None = None) -> None:
    """Do what the first message asks for; the process ends with it."""
    channel.conclude(lambda: _begin(channel, nursery))


def _begin(channel: Channel, nursery: socket.socket | None) -> None:
    task = channel.receive()
    _quiet(task["output"])
    channel.send("hello", pid=os.getpid())
    note_imports()
    note_reflected()
    project = open_project(task)
    if task["task"] == "read":
        _read(project, channel, nursery)
    else:
        TASKS[task["task"]](project, channel)


def _read(project: Project, channel: Channel, nursery: socket.socket | None) -> None:
    """Import the models where the settings name them, leave them imported in a nursery where one is asked for, and read the chain.

    No revision has been imported where the nursery forks its children.
    """
    if project.task["metadata"]:
        load_metadata(project.task["metadata"])
    locations: list[str] = []
    if "version_locations" in project.text_of_env_py or has_no_revision(project.scripts):
        locations = chosen_folders(project)
    if locations:
        move_to(project, locations)
    is_left = nursery is not None and leave_nursery(channel, nursery)
    channel.send(
        "chain",
        **read_chain(project.scripts, project.config, project.task["heads"]),
        nursery=is_left,
        version_locations=locations,
    )


def _deploy(project: Project, channel: Channel) -> None:
    with connection_for_env_py(project):
        channel.send("deployed", **Deployment(project).run())


def _converse(project: Project, channel: Channel) -> None:
    """Run env.py, and there do one thing after another until the harness has no more to ask."""

    def answer(environment: Environment) -> None:
        modules = imported_modules()
        channel.send(
            "environment",
            version_table=environment.version_table,
            backend=environment.backend,
            driver=project.driver,
            changes=ahead.changes(project.variables, os.environ),
            set_early=project.set_early,
            variables=ahead.written_for(project.task["variables"], project.task["parts"], project.url),
            stand_in=project.task["parts"]["database"] + ahead.SUFFIX,
            path=sys.path,
            modules=modules,
            names=names_in(environment.target_metadata),
            conventions=conventions_of(environment.target_metadata, modules),
        )
        while (message := channel.receive())["do"] != "end":
            ACTS[message["do"]](environment, channel, message)

    run_environment(project, channel, answer)


def _run_steps(environment: Environment, channel: Channel, message: Message) -> None:
    Runner(environment, channel, message["watched"]).run(message["steps"], apart=message["apart"])
    channel.send("ran", modules=imported_modules())


def _query(environment: Environment, channel: Channel, message: Message) -> None:
    answer_query(channel, environment.connection, message["sql"], between_transactions=True)


def _build_models(environment: Environment, channel: Channel, _message: Message) -> None:
    named = environment.project.task["metadata"]
    metadata = (load_metadata(named),) if named else environment.target_metadata
    built = build_models(environment.connection, metadata)
    if not built["refused"]:
        built["refused"] = make_what_plugins_declare(environment)
    folders = version_folders(environment.project.scripts)
    channel.send("models", named=bool(metadata), unimported=unimported_tables(metadata, folders), **built)


def _compare(environment: Environment, channel: Channel, _message: Message) -> None:
    """Report what autogenerate finds at the heads; the comparison calls env.py's own functions, and may fail itself.

    It looks for the models' tables where they are declared, and follows no schema_translate_map.
    """
    if environment.connection.get_execution_options().get("schema_translate_map"):
        channel.send(
            "pending",
            named=bool(environment.target_metadata),
            found=[],
            failure=None,
            untold=UNTRANSLATED,
            left_out=[],
        )
        return
    left_out: list[LeftOut] = []
    _tried(environment, channel, "pending", lambda: pending_operations(environment, left_out), left_out)


def _draft(environment: Environment, channel: Channel, _message: Message) -> None:
    _tried(environment, channel, "draft", lambda: write_draft(environment))


def _tried(
    environment: Environment,
    channel: Channel,
    event: str,
    act: Callable[[], list[str]],
    left_out: Sequence[LeftOut] = (),
) -> None:
    failure: dict[str, Any] | None = None
    found: list[str] = []
    try:
        found = act()
    except Exception as error:  # what Alembic and env.py's hooks raise is the verdict
        rollback(environment.connection)
        failure = describe(error)
    channel.send(
        event,
        named=bool(environment.target_metadata),
        found=found,
        failure=failure,
        untold="",
        left_out=list(left_out),
    )


def _quiet(output: str) -> None:
    """Send what the project prints and logs to a file, and let it read nothing: the harness's own streams are not its."""
    sys.stdout.flush()
    for path, flags, descriptors in (
        (os.devnull, os.O_RDONLY, (0,)),
        (output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, (1, 2)),
    ):
        opened = os.open(path, flags, 0o600)
        for descriptor in descriptors:
            os.dup2(opened, descriptor)
        os.close(opened)


TASKS: dict[str, Callable[[Project, Channel], None]] = {
    "deploy": _deploy,
    "write_sql": lambda project, channel: channel.send("written", **write_sql(project)),
    "converse": _converse,
}
ACTS: dict[str, Callable[[Environment, Channel, Message], None]] = {
    "steps": _run_steps,
    "query": _query,
    "models": _build_models,
    "compare": _compare,
    "draft": _draft,
    "by_hand": call_by_hand,
}
