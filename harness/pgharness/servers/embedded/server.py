"""A server of our own for one run: `postgres` itself, on a private socket for us and on a port with a password for others."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql

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
from pgharness.servers.server import (
    THROWAWAY_SETTINGS,
    Connection,
    Keeps,
    Server,
    connect,
    kept_by_variable,
    probe,
    tell_kept,
)
from pgharness.servers.url import ServerUrl

START_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0

LOOPBACK = "127.0.0.1"
PORT_ATTEMPTS = 10

# pg_hba.conf. Who comes by the socket went through the private folder; to a port of the machine every account of it may come.
# The password goes over it as it is: nobody but root listens in on the loopback. By SCRAM each session would take 4 ms more,
# or pg8000 would refuse it, which takes no password that was hashed fewer than 4096 times.
ACCESS_RULES = f"""\
local all all trust
local replication all trust
host all all {LOOPBACK}/32 password
"""


class _PortTakenError(Exception):
    """Somebody took the port between our finding it free and the server's start."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A server that answers: its process, where it is, and the first session on it."""

    process: subprocess.Popen[bytes]
    url: ServerUrl
    session: Connection


@contextlib.contextmanager
def embedded_server(
    reason: str, keeps: Keeps = kept_by_variable, find: Callable[[], Binaries] = find_binaries
) -> Iterator[Server]:
    """Start a server on a fresh data directory; stop it and remove its files at the end unless it is kept. Raises CannotRun."""
    account = server_account()
    binaries = reachable_binaries(find(), account)
    with run_folder(account, keeps) as folder:
        prepare_data_directory(binaries, account, folder.data)
        _write_access_rules(account, folder)
        with _started(binaries, account, folder, keeps) as running:
            url = running.url
            with running.session as session:
                version, number, fsync = probe(session)
                password = _set_password(session)
            for_projects = replace(url, host=LOOPBACK, password=password)
            description = ", ".join(
                filter(None, [f"embedded PostgreSQL {version} from {binaries.origin}", folder.note])
            )
            yield Server("embedded", url, for_projects, version, number, reason, description, fsync)
            if keeps():
                tell_kept(url, f"kill -QUIT {running.process.pid}")


def _write_access_rules(account: Account, folder: RunFolder) -> None:
    folder.access_rules.write_text(ACCESS_RULES, encoding="ascii")
    account.give(folder.access_rules)


@contextlib.contextmanager
def _started(binaries: Binaries, account: Account, folder: RunFolder, keeps: Keeps) -> Iterator[_Running]:
    """Start the server on a free port, or on another where that one was taken meanwhile; stop it at the end unless it is kept."""
    with contextlib.ExitStack() as stack:
        for attempts_left in reversed(range(PORT_ATTEMPTS)):
            port = str(_free_port())
            url = ServerUrl(SUPERUSER, host=str(folder.path), port=port, database="postgres")
            process = stack.enter_context(_process(binaries, account, folder, port, keeps))
            try:
                running = _Running(process, url, _first_session(process, url, folder))
                break
            except _PortTakenError as error:
                if not attempts_left:
                    raise _cannot_start(str(error)) from error
            except CannotRun:
                forget_ready_cluster(binaries)  # if it is at fault, the next run makes a new one
                raise
        yield running


@contextlib.contextmanager
def _process(
    binaries: Binaries, account: Account, folder: RunFolder, port: str, keeps: Keeps
) -> Iterator[subprocess.Popen[bytes]]:
    try:
        process = _start(binaries, account, folder, port)
    except OSError as error:
        raise _cannot_start(str(error)) from error
    try:
        yield process
    finally:
        if not keeps():
            _stop(process)


def _start(binaries: Binaries, account: Account, folder: RunFolder, port: str) -> subprocess.Popen[bytes]:
    settings = {
        **THROWAWAY_SETTINGS,
        "hba_file": str(folder.access_rules),
        "listen_addresses": LOOPBACK,
        "port": port,
        "unix_socket_directories": str(folder.path),
    }
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


def _free_port() -> int:
    """Return a port that nobody has at the moment."""
    with socket.socket() as found:
        try:
            found.bind((LOOPBACK, 0))
        except OSError as error:
            raise _cannot_start(f"could not bind a port at {LOOPBACK}: {error.strerror}") from error
        port: int = found.getsockname()[1]
        return port


def _first_session(process: subprocess.Popen[bytes], url: ServerUrl, folder: RunFolder) -> Connection:
    """Connect as soon as the server says that it is ready, as `pg_ctl -w` does, which would look only ten times a second."""
    give_up_at = time.monotonic() + START_LIMIT_S
    while time.monotonic() < give_up_at:
        if _is_ready(folder.data / "postmaster.pid"):
            with contextlib.suppress(psycopg.OperationalError):
                return connect(url)
        if process.poll() is not None:
            raise _ended(process, folder.log)
        time.sleep(0.001)
    raise _cannot_start(f"no answer within {START_LIMIT_S:.0f} s: {_tail(folder.log)}")


def _is_ready(pid_file: Path) -> bool:
    """Whether the server takes sessions: the last line of its lock file says so. Each try before would cost it a process."""
    try:
        return pid_file.read_bytes().rstrip().endswith(b"ready")
    except OSError:
        return False


def _ended(process: subprocess.Popen[bytes], log: Path) -> Exception:
    seen = f"it ended with {process.returncode}: {_tail(log)}"
    return _PortTakenError(seen) if "could not create any TCP/IP sockets" in seen else _cannot_start(seen)


def _set_password(session: Connection) -> str:
    """Return the superuser a password for TCP, too long to be guessed."""
    password = secrets.token_hex(16)
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(SUPERUSER), sql.Literal(_kept(password)))
    session.execute(statement)
    return password


def _kept(password: str) -> str:
    """Return the password as PostgreSQL keeps it (manual, "pg_authid"), but hashed once, so that it is quickly compared.

    PostgreSQL itself hashes 4096 times, and can be told otherwise since 16 only (scram_iterations).
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (base64.b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256$1:{salt_text}${stored_text}:{server_text}"


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
        "Could not start the embedded server.",
        seen=seen,
        mend="run again; if it stays, use another PostgreSQL (PGHARNESS_POSTGRES_BIN=FOLDER) or a running server (--server postgresql://…)",
    )


def _tail(log: Path) -> str:
    return " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-600:]
