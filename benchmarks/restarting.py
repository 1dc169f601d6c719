"""A server of the harness for soaks: a database whose commits outlive a crash, and restarts as by a power cut."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from sqlalchemy import create_engine

from flowforge_schema.models import metadata
from pgharness.databases import Database
from pgharness.servers import Server
from pgharness.servers.embedded.account import server_account
from pgharness.servers.embedded.binaries import find_binaries, reachable_binaries
from pgharness.servers.embedded.data_directory import server_environment


@contextmanager
def restartable(server: Server) -> Iterator[None]:
    """End the server in the end, in case that it was restarted: the harness knows only the process that it started."""
    try:
        yield
    finally:
        with suppress(subprocess.CalledProcessError, psycopg.OperationalError):
            control_server(server, "stop")


def make_database(server: Server, name: str) -> Database:
    """Make a database with the tables of the models, in which a commit that was acknowledged outlives a crash."""
    database = Database(name, server.database_url(name), server.project_url(name))
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        # The test server does not wait for its log.
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = on")
    engine = create_engine(database.url)
    metadata.create_all(engine)
    engine.dispose()
    return database


def control_server(server: Server, command: str) -> None:
    """Stop or restart the server as a power cut would, without any goodbye."""
    account = server_account()
    with server.connect() as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    subprocess.run(
        [
            reachable_binaries(find_binaries(), account).program("pg_ctl"),
            *(command, "--pgdata", row[0], "--mode", "immediate", "--silent"),
            *(["--log", f"{row[0]}/restarted.log"] if command == "restart" else []),
        ],
        check=True,
        cwd="/",
        env=server_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        **account.process_arguments(),
    )
