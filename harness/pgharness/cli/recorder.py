"""Runs a command against an embedded server whose log tells every statement, and writes what it sent into a file."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pgharness.chain.project import open_project
from pgharness.cli.writing import require_place, write_output
from pgharness.databases import Database, Databases
from pgharness.experiments.checkpoints import Checkpoints
from pgharness.findings import CannotRun
from pgharness.plans.recorded_file import file_of
from pgharness.plans.server_log import Sent, one_of_each_kind
from pgharness.servers import Server, open_server
from pgharness.settings import Settings, load_settings


def record_and_write(command: Sequence[str], output: Path, alembic: Path | None, *, empty: bool) -> None:
    """Record what a command sends, write it, and end as it ends. Raises CannotRun."""
    require_place(output, "statements")
    settings = load_settings(None, alembic=alembic)
    with open_server("embedded") as server, Databases(server) as databases:
        database = _database(settings, databases, empty=empty)
        mark = _log_all(server)
        code = _run(command, _variables(settings, database))
        sent = one_of_each_kind(_log_of(server), mark)
    _require_any(sent, settings)
    write_output(output, file_of(sent), "statements")
    print(f"{len(sent)} kinds of statements in {output}; the command ended with {code}", file=sys.stderr)
    raise SystemExit(code)


def _database(settings: Settings, databases: Databases, *, empty: bool) -> Database:
    """Return an empty database, or one at the heads of the chain, without rows."""
    if empty:
        return databases.create_empty("recorded")
    project = open_project(settings)
    every = frozenset(item.revision for item in project.chain.revisions)
    with contextlib.closing(project.runs), project.runs.agent:
        return Checkpoints(project, databases).with_applied(every, rows=False)


def _log_all(server: Server) -> str:
    """Let the server tell every statement with its parameters; return what each entry of its log begins with from now on."""
    mark = f"<{secrets.token_hex(8)}"
    with server.connect() as session:
        for name, value in {
            "log_line_prefix": f"{mark} %a> ",
            "log_statement": "all",
            "log_parameter_max_length": "-1",
        }.items():
            session.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        session.execute("SELECT pg_reload_conf()")
    while not _tells_all(server):
        time.sleep(0.01)  # the server reads its configuration when it comes to it
    return mark


def _tells_all(server: Server) -> bool:
    with server.connect() as session:
        return session.execute("SHOW log_statement").fetchone() == ("all",)


def _run(command: Sequence[str], variables: dict[str, str]) -> int:
    try:
        return subprocess.run(command, env={**os.environ, **variables}, check=False).returncode
    except OSError as error:
        raise CannotRun(
            f"The command {command[0]} cannot be run.",
            seen=str(error),
            mend="name a program behind the two dashes: pgharness record -- python -m pytest",
        ) from error


def _variables(settings: Settings, database: Database) -> dict[str, str]:
    """Return the variables by which the command finds the database: libpq's, and those that the settings name for env.py."""
    location = database.project_location
    parts = {
        "host": location.host,
        "port": location.port,
        "user": location.user,
        "password": location.password,
        "database": location.database,
    }
    libpq = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "database": "PGDATABASE"}
    url = location.render((settings.driver or "postgresql").partition("+")[2])
    own = {name: value.format_map({**parts, "url": url}) for name, value in settings.environment.items()}
    return {**{libpq[name]: value for name, value in parts.items()}, **own}


def _log_of(server: Server) -> str:
    """Return the embedded server's log, which lies in the folder of its socket."""
    return (Path(server.url.host) / "server.log").read_text(encoding="utf-8", errors="replace")


def _require_any(sent: Sequence[Sent], settings: Settings) -> None:
    if not sent:
        raise CannotRun(
            "Nothing was recorded.",
            seen="the command sent no statement to the server; it was told of it by PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE"
            + "".join(f", {name}" for name in settings.environment),
            mend='name the variable from which your code takes its URL: environment = { DATABASE_URL = "{url}" } in [tool.pgharness]',
        )
