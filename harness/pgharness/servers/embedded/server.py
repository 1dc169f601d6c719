"""A server of our own for one run: `postgres` itself on a private socket."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from pgharness.findings import CannotRun
from pgharness.servers.embedded.account import Account, server_account
from pgharness.servers.embedded.binaries import Binaries, find_binaries, reachable_binaries
from pgharness.servers.embedded.data_directory import (
    SUPERUSER,
    forget_ready_cluster,
    prepare_data_directory,
    server_environment,
)
from pgharness.servers.embedded.run_folder import RunFolder, run_folder
from pgharness.servers.embedded.sweep import sweep_run_folders
from pgharness.servers.server import (
    THROWAWAY_SETTINGS,
    Connection,
    Server,
    connect,
    keeps_server,
    probe,
    tell_kept,
)
from pgharness.servers.url import ServerUrl

START_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0


@contextlib.contextmanager
def embedded_server(reason: str) -> Iterator[Server]:
    """Start a server on a fresh data directory; stop it and remove its files at the end. Raises CannotRun."""
    account = server_account()
    sweep_run_folders(account)
    binaries = reachable_binaries(find_binaries(), account)
    with run_folder(account) as folder:
        prepare_data_directory(binaries, account, folder.data)
        url = ServerUrl(SUPERUSER, host=str(folder.path), database="postgres")
        with _running(binaries, account, folder) as process:
            version, number, fsync = _first_answer(process, binaries, folder, url)
            description = ", ".join(
                filter(None, [f"embedded PostgreSQL {version} from {binaries.origin}", folder.note])
            )
            yield Server("embedded", url, url, version, number, reason, description, fsync)
            if keeps_server():
                tell_kept(url, f"kill -QUIT {process.pid}")


@contextlib.contextmanager
def _running(binaries: Binaries, account: Account, folder: RunFolder) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = _start(binaries, account, folder)
    except OSError as error:
        raise _cannot_start(str(error)) from error
    try:
        yield process
    finally:
        if not keeps_server():
            _stop(process)


def _first_answer(
    process: subprocess.Popen[bytes], binaries: Binaries, folder: RunFolder, url: ServerUrl
) -> tuple[str, int, bool]:
    try:
        connection = _first_connection(process, url, folder.log)
    except CannotRun:
        forget_ready_cluster(binaries)  # if it is at fault, the next run makes a new one
        raise
    with connection:
        return probe(connection)


def _start(binaries: Binaries, account: Account, folder: RunFolder) -> subprocess.Popen[bytes]:
    settings = {**THROWAWAY_SETTINGS, "listen_addresses": "", "unix_socket_directories": str(folder.path)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with folder.log.open("wb") as log:
        return subprocess.Popen(
            [binaries.program("postgres"), "-D", str(folder.data), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=server_environment(),
            start_new_session=True,  # Ctrl-C in a terminal would end the server before those who use it
            **account.process_arguments(),
        )


def _first_connection(process: subprocess.Popen[bytes], url: ServerUrl, log: Path) -> Connection:
    """Connect as soon as the server answers; `pg_ctl -w` would look only ten times a second."""
    give_up_at = time.monotonic() + START_LIMIT_S
    socket = Path(url.host) / ".s.PGSQL.5432"
    while time.monotonic() < give_up_at:
        if socket.exists():
            with contextlib.suppress(psycopg.OperationalError):
                return connect(url)
        if process.poll() is not None:
            raise _cannot_start(f"it ended with {process.returncode}: {_tail(log)}")
        time.sleep(0.001)
    raise _cannot_start(f"no answer within {START_LIMIT_S:.0f} s: {_tail(log)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server at once (SIGQUIT): its data are thrown away."""
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _cannot_start(seen: str) -> CannotRun:
    return CannotRun(
        "The embedded server did not start.",
        seen=seen,
        mend="run again; if it stays, use another PostgreSQL (PGHARNESS_POSTGRES_BIN=FOLDER) or a running server (--server postgresql://…)",
    )


def _tail(log: Path) -> str:
    return " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-600:]
