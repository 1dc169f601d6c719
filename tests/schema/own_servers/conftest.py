"""Servers that a test may stop, replicate and put a PgBouncer in front of; all on private sockets, all gone afterwards."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy.engine import URL

from flowforge_schema.engine import create_script_engine
from flowforge_schema.models import metadata
from flowforge_schema.settings import DatabaseSettings
from pgharness.servers import ServerUrl, connect
from pgharness.servers.embedded.account import Account, server_account
from pgharness.servers.embedded.binaries import Binaries, find_binaries, reachable_binaries
from pgharness.servers.embedded.cache import cache_folder
from pgharness.servers.embedded.data_directory import SUPERUSER, prepare_data_directory, server_environment
from pgharness.servers.embedded.run_folder import run_folder
from pgharness.servers.server import THROWAWAY_SETTINGS

LIMIT_S = 30.0

FETCH_PGBOUNCER = Path(__file__).with_name("fetch_pgbouncer.sh")
OLDEST_PGBOUNCER = (1, 22)


class OwnServer:
    """A PostgreSQL that the test starts and stops as it likes; `url` is that of its only database."""

    def __init__(self, binaries: Binaries, account: Account, folder: Path) -> None:
        self.binaries = binaries
        self.account = account
        self.folder = folder
        self.url = URL.create("postgresql+psycopg", SUPERUSER, database="postgres", query={"host": str(folder)})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        places = {"listen_addresses": "", "unix_socket_directories": str(self.folder)}
        # What was committed must be there after a crash of the server; a crash of the machine is not tested.
        settings = {**THROWAWAY_SETTINGS, **places, "synchronous_commit": "on"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = self.run("postgres", "-D", str(self.folder / "data"), *options)
        wait_until(self.answers)

    def stop(self) -> None:
        """Stop the server at once: sessions are ended, the next start recovers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(LIMIT_S)
            self._process = None

    def answers(self) -> bool:
        """Whether a session can be opened."""
        try:
            connect(ServerUrl.parse(self.url.render_as_string(hide_password=False))).close()
        except psycopg.OperationalError:
            return False
        return True

    def run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one of PostgreSQL's programs under the server's account."""
        log = (self.folder / f"{program}.log").open("ab")
        with log:
            return subprocess.Popen(
                [self.binaries.program(program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=server_environment(),
                start_new_session=True,
                **self.account.process_arguments(),
            )


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    """Yield a running server of this test's own, whose database has the tables of the models."""
    account = server_account()
    binaries = reachable_binaries(find_binaries(), account)
    with run_folder(account) as folder:
        prepare_data_directory(binaries, account, folder.data)
        with running(OwnServer(binaries, account, folder.path)) as server:
            engine = create_script_engine(
                DatabaseSettings(url=SecretStr(server.url.render_as_string(hide_password=False)))
            )
            metadata.create_all(engine)
            yield server


@pytest.fixture
def standby_of() -> Iterator[Callable[[OwnServer], OwnServer]]:
    """Yield what makes a streaming standby of a server, caught up and answering."""
    with ExitStack() as stack:

        def make(primary: OwnServer) -> OwnServer:
            folder = stack.enter_context(run_folder(primary.account))
            backup = primary.run(
                "pg_basebackup", f"--dbname={conninfo(primary)}", f"--pgdata={folder.data}", "-R", "-cfast"
            )
            assert backup.wait(LIMIT_S) == 0
            return stack.enter_context(running(OwnServer(primary.binaries, primary.account, folder.path)))

        yield make


@pytest.fixture(scope="session")
def pgbouncer_command() -> list[str]:
    """Return the command of a PgBouncer that can keep prepared statements: the system's, else one in a folder of its own.

    Where there is none the tests are skipped, but not in CI.
    """
    if (found := shutil.which("pgbouncer")) and pgbouncer_version([found]) >= OLDEST_PGBOUNCER:
        return [found]
    folder = cache_folder() / "pgbouncer"
    if not folder.exists():
        fetched = subprocess.run(["/bin/sh", str(FETCH_PGBOUNCER), str(folder)], check=False, timeout=300)
        if fetched.returncode != 0:
            missing = (
                "there is no PgBouncer 1.22 or later.\n"
                "  seen: none on the PATH, and apt gives none\n"
                "  fix: install one (apt-get install pgbouncer), or let apt reach a mirror of Debian or Ubuntu"
            )
            if os.environ.get("CI"):
                pytest.fail(missing, pytrace=False)
            pytest.skip(missing)
    libraries = next((folder / "usr" / "lib").glob("*-linux-gnu*"))
    loader = next(libraries.glob("ld-linux-*.so.*"))
    return [str(loader), "--library-path", str(libraries), str(folder / "usr" / "sbin" / "pgbouncer")]


@pytest.fixture
def pgbouncer_of(pgbouncer_command: list[str]) -> Iterator[Callable[[OwnServer], URL]]:
    """Yield what puts a PgBouncer in transaction mode in front of a server, and its URL."""
    with ExitStack() as stack:

        def make(server: OwnServer) -> URL:
            folder = stack.enter_context(run_folder(server.account)).path
            settings = folder / "pgbouncer.ini"
            settings.write_text(pgbouncer_settings(server, folder))
            stack.enter_context(running_pgbouncer([*pgbouncer_command, str(settings)], server.account, folder))
            url = server.url.set(port=6432, query={"host": str(folder)})
            wait_until(lambda: can_connect(url))
            return url

        yield make


def pgbouncer_settings(server: OwnServer, folder: Path) -> str:
    """Write the settings: two connections to the server for everybody, so that transactions move between them."""
    return f"""\
[databases]
postgres = host={server.folder} user={SUPERUSER} pool_size=2
[pgbouncer]
pool_mode = transaction
max_prepared_statements = 100
auth_type = any
unix_socket_dir = {folder}
listen_addr =
listen_port = 6432
logfile = {folder}/pgbouncer.log
"""


def pgbouncer_version(command: list[str]) -> tuple[int, int]:
    """Return the major and minor version of a PgBouncer."""
    told = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"PgBouncer (\d+)\.(\d+)", told)
    return (int(match[1]), int(match[2])) if match else (0, 0)


@contextmanager
def running(server: OwnServer) -> Iterator[OwnServer]:
    """Start a server, and stop it if it still runs."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def running_pgbouncer(command: list[str], account: Account, folder: Path) -> Iterator[None]:
    """Run PgBouncer under the server's account, because it refuses to run as root."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        start_new_session=True,
        **account.process_arguments(),
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(LIMIT_S)


def conninfo(server: OwnServer) -> str:
    """Return libpq's connection string."""
    return f"host={server.folder} user={SUPERUSER}"


def can_connect(url: URL) -> bool:
    """Whether a session can be opened with nothing but what every server takes."""
    try:
        psycopg.connect(host=str(url.query["host"]), port=url.port, user=url.username, dbname=url.database).close()
    except psycopg.OperationalError:
        return False
    return True


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for something that is about to happen."""
    give_up_at = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.005)
