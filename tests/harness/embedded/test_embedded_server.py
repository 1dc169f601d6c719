"""The embedded server is set for tests, open to its run alone, and gone at its end unless it is kept."""

from __future__ import annotations

import json
import re
import socket
import stat
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgharness.servers import Server, open_server
from pgharness.servers.embedded import server as embedded
from pgharness.servers.embedded import sweep
from pgharness.servers.embedded.account import server_account
from pgharness.servers.embedded.sweep import sweep_run_folders
from tests.harness.embedded.servers import run_folder_of, setting


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
