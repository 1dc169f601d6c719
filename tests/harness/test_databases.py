"""Databases are made, copied, shared, kept and dropped, and nobody else's is touched."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import errors

from pgharness.databases import ClonePool, Database, Databases, operations, template
from pgharness.databases.names import database_name, label_of, template_name
from pgharness.databases.operations import drop_database
from pgharness.findings import CannotRun
from pgharness.servers import Server, open_server


@pytest.fixture
def databases(own_server: Server) -> Iterator[Databases]:
    with Databases(own_server) as made:
        yield made


def names_on(server: Server) -> set[str]:
    with server.connect() as connection:
        return {str(name) for (name,) in connection.execute("SELECT datname FROM pg_database")}


def fill(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("CREATE TABLE shelf AS SELECT generate_series(1, 3) AS id")


def rows_of(database: Database) -> int:
    with database.connect() as connection:
        row = connection.execute("SELECT count(*) FROM shelf").fetchone()
    assert row is not None
    return int(row[0])


def test_an_empty_database_holds_nothing_and_is_in_utf8(databases: Databases) -> None:
    database = databases.create_empty("shop")

    with database.connect() as connection:
        row = connection.execute(
            "SELECT current_setting('server_encoding'), (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
        ).fetchone()
    assert row == ("UTF8", 0)


def test_the_name_of_a_database_tells_its_run_its_worker_and_its_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw7")

    name = database_name("0a1b2c3d", "A Walk!")

    assert name.startswith("pgharness_0a1b2c3d_gw7_a_walk_")
    assert label_of(name) == "gw7_a_walk"


def test_the_longest_name_fits_into_what_postgresql_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw123")

    assert len(database_name("0a1b2c3d", "label" * 20)) <= 63
    assert len(template_name("key" * 100, 180006, "database" * 10)) <= 63


def test_all_databases_go_when_the_run_ends(own_server: Server) -> None:
    before = names_on(own_server)
    with Databases(own_server) as databases:
        databases.clone(databases.create_empty())
        during = names_on(own_server)

    assert len(during - before) == 2
    assert names_on(own_server) == before


def test_all_databases_go_when_the_run_fails(own_server: Server) -> None:
    before = names_on(own_server)

    def run() -> None:
        with Databases(own_server) as databases:
            databases.create_empty()
            raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        run()
    assert names_on(own_server) == before


def test_a_clone_holds_what_its_original_holds_and_is_its_own(databases: Databases) -> None:
    original = databases.create_empty()
    fill(original)

    clone = databases.clone(original)
    with clone.connect() as connection:
        connection.execute("DELETE FROM shelf")

    assert (rows_of(original), rows_of(clone)) == (3, 0)


def test_a_database_with_sessions_is_dropped_without_the_servers_pauses_of_100_ms(databases: Databases) -> None:
    took_s = []
    for _ in range(5):
        database = databases.create_empty()
        with database.connect() as session:
            started = time.perf_counter()
            databases.drop(database)
            took_s.append(time.perf_counter() - started)
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 1")

    assert min(took_s) < 0.1


def test_a_database_that_is_gone_already_may_be_dropped(databases: Databases) -> None:
    database = databases.create_empty()
    databases.drop(database)

    databases.drop(database)


def test_nothing_without_our_prefix_is_ever_dropped(own_server: Server) -> None:
    with own_server.connect() as connection, pytest.raises(ValueError, match="no database of pgharness"):
        drop_database(connection, "postgres")


@pytest.mark.parametrize(("kind", "until"), [("url", "until you DROP DATABASE"), ("embedded", "until the next run")])
def test_a_kept_database_outlives_the_run_and_says_where_it_is(own_server: Server, kind: Any, until: str) -> None:
    with Databases(replace(own_server, kind=kind)) as databases:
        kept = databases.create_empty("kept")
        fill(kept)
        said = databases.keep(kept)

    assert rows_of(kept) == 3
    assert kept.name in said
    assert until in said
    with own_server.connect() as connection:
        drop_database(connection, kept.name)


def test_a_kept_database_is_no_leftover_for_the_next_run(own_server: Server) -> None:
    given = replace(own_server, kind="url")
    with Databases(given) as databases:
        kept = databases.create_empty("kept")
        databases.keep(kept)

    with Databases(given):
        assert kept.name in names_on(own_server)
    with own_server.connect() as connection:
        drop_database(connection, kept.name)


def test_a_password_is_not_told_with_a_kept_database(own_server: Server) -> None:
    secret = replace(own_server, kind="url", url=own_server.url.set(password="swordfish"))  # noqa: S106 - no real one
    with Databases(secret) as databases:
        kept = databases.create_empty()
        said = databases.keep(kept)
        drop_database(databases._session, kept.name)  # type: ignore[arg-type]

    assert "swordfish" not in said


@pytest.mark.parametrize(("fsync", "strategy"), [(False, "FILE_COPY"), (True, "WAL_LOG")])
def test_a_database_is_copied_in_the_way_that_suits_the_server(
    own_server: Server, *, fsync: bool, strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    execute = psycopg.Connection.execute

    def remember(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        sent.append(query if isinstance(query, str) else query.as_string(self))
        return execute(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", remember)
    with Databases(replace(own_server, fsync=fsync)) as databases:
        databases.create_empty()

    assert [strategy in statement for statement in sent if statement.startswith("CREATE DATABASE")] == [True]
    assert ("SET file_copy_method = 'clone'" in sent) is (not fsync and own_server.version_number >= 180000)


def test_a_full_disk_is_told(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_full(*_: Any) -> None:
        raise errors.DiskFull("could not extend file: No space left on device")

    monkeypatch.setattr(operations, "_locale", is_full)
    with pytest.raises(errors.DiskFull):
        databases.create_empty()
    monkeypatch.undo()
    monkeypatch.setattr(psycopg.Connection, "execute", is_full)

    with pytest.raises(CannotRun, match="cannot be made") as caught:
        databases.clone(Database("pgharness_x", databases.server.url))
    monkeypatch.undo()
    assert "free space" in caught.value.mend


def test_a_cluster_in_another_encoding_still_gives_databases_in_utf8(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    with databases._working() as session:
        wanted = [
            operations._locale(session, replace(databases.server, version_number=number)).as_string(None)
            for number in (160000, 180000)
        ]
        utf8 = [statement for statement in wanted if statement]
        monkeypatch.setattr(psycopg.Cursor, "fetchone", lambda _cursor: ("SQL_ASCII",))
        ascii_locales = [
            operations._locale(session, replace(databases.server, version_number=number)).as_string(None)
            for number in (160000, 180000)
        ]
        monkeypatch.undo()

    assert utf8 == []
    assert ascii_locales == [
        " LOCALE_PROVIDER libc LOCALE 'C'",
        " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'",
    ]


def test_a_template_is_built_once_and_sealed(databases: Databases) -> None:
    built: list[str] = []

    def build(database: Database) -> None:
        built.append(database.name)
        fill(database)

    made = [databases.template("once", build) for _ in range(2)]

    assert len(built) == 1
    assert made[0] == made[1]
    assert rows_of(databases.clone(made[0])) == 3
    with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
        made[0].connect()


def test_a_template_that_fails_to_build_leaves_nothing_and_is_built_anew(
    own_server: Server, databases: Databases
) -> None:
    before = names_on(own_server)

    def fail(database: Database) -> None:
        fill(database)
        raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        databases.template("fails", fail)
    after = names_on(own_server)
    made = databases.template("fails", fill)

    assert after == before
    assert rows_of(databases.clone(made)) == 3


def test_a_half_built_template_has_another_name_until_it_is_whole(own_server: Server, databases: Databases) -> None:
    name = template_name("private", own_server.version_number, "postgres")
    seen: list[bool] = []

    def build(database: Database) -> None:
        seen.append(name in names_on(own_server))
        fill(database)

    made = databases.template("private", build)

    assert seen == [False]
    assert made.name == name


def test_a_template_goes_with_its_last_user(own_server: Server) -> None:
    with Databases(own_server) as first:
        name = first.template("shared", fill).name
        with Databases(own_server) as second:
            second.template("shared", lambda _database: pytest.fail("it is built already"))
        between = names_on(own_server)

    assert name in between
    assert name not in names_on(own_server)


BUILDER = """
import sys, time
from pgharness.databases import Databases
from pgharness.servers import open_server

def build(database):
    print("built", flush=True)
    with database.connect() as connection:
        connection.execute("CREATE TABLE shelf AS SELECT generate_series(1, 3) AS id")
        time.sleep(0.3)

with open_server(sys.argv[1]) as server, Databases(server) as databases:
    clone = databases.clone(databases.template("over processes", build))
    with clone.connect() as connection:
        print(connection.execute("SELECT count(*) FROM shelf").fetchone()[0], flush=True)
    sys.stdin.read()
"""


def test_one_process_builds_a_template_and_the_others_wait_for_it(quiet_url: str) -> None:
    command = [sys.executable, "-c", BUILDER, quiet_url]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(subprocess.Popen(command, **pipes)) for _ in range(2)]
        first_lines = [process.stdout.readline() for process in processes]
        for process in processes:
            process.stdin.close()  # each holds the template until here
        said = [line + process.stdout.read() for line, process in zip(first_lines, processes, strict=True)]

    assert sorted(said) == ["3\n", "built\n3\n"]


def test_waiting_for_a_template_ends_after_half_an_hour(
    own_server: Server, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template, "_BUILD_LIMIT_S", 0)
    with Databases(own_server) as other:

        def build(database: Database) -> None:
            fill(database)
            with pytest.raises(CannotRun, match="is not to be had"):
                other.template("slow", lambda _database: None)

        databases.template("slow", build)


def test_a_pool_hands_out_fresh_clones(databases: Databases) -> None:
    with databases.pool(databases.template("pool", fill), size=2) as pool:
        clones = [pool.acquire() for _ in range(5)]

        assert len({clone.name for clone in clones}) == 5
        assert [rows_of(clone) for clone in clones] == [3] * 5


def test_a_pool_keeps_no_more_clones_than_it_may(own_server: Server, databases: Databases) -> None:
    sealed = databases.template("small pool", fill)
    before = names_on(own_server)
    with databases.pool(sealed, size=2) as pool:
        await_ready(pool, 2)
        time.sleep(0.05)

        assert len(names_on(own_server) - before) == 2


def test_what_is_given_back_is_dropped_though_somebody_is_connected(own_server: Server, databases: Databases) -> None:
    with databases.pool(databases.template("given back", fill), size=1) as pool:
        clone = pool.acquire()
        with clone.connect():
            pool.release(clone)
            await_gone(own_server, clone.name)


def test_a_kept_clone_is_not_dropped_when_it_is_given_back(own_server: Server, databases: Databases) -> None:
    with databases.pool(databases.template("kept clone", fill), size=1) as pool:
        clone = pool.acquire()
        databases.keep(clone)
        pool.release(clone)

    assert rows_of(clone) == 3
    with own_server.connect() as connection:
        drop_database(connection, clone.name)


def test_many_threads_may_take_from_one_pool(databases: Databases) -> None:
    names: list[str] = []

    def use(pool: ClonePool) -> None:
        for _ in range(3):
            clone = pool.acquire()
            names.append(clone.name)
            pool.release(clone)

    with databases.pool(databases.template("threads", fill), size=2) as pool:
        threads = [threading.Thread(target=use, args=(pool,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(set(names)) == 12


def test_a_pool_that_cannot_work_says_why_where_a_clone_is_asked_for(databases: Databases) -> None:
    nothing = Database("pgharness_no_such_template", databases.server.url)

    with databases.pool(nothing, size=1) as pool, pytest.raises(errors.InvalidCatalogName):
        pool.acquire()


def test_a_closed_pool_gives_no_clone(databases: Databases) -> None:
    with databases.pool(databases.template("closed", fill), size=1) as pool:
        pass

    with pytest.raises(RuntimeError, match="closed"):
        pool.acquire()


def test_a_given_server_keeps_its_settings_and_its_databases() -> None:
    with open_server("embedded") as own:
        with own.connect() as connection:
            connection.execute("ALTER SYSTEM SET work_mem = '5MB'")
            connection.execute("CREATE DATABASE shop")
            connection.execute("CREATE DATABASE pgharness_of_somebody")
        before = (settings_of(own), names_on(own))
        with open_server(own.url.render_as_string(hide_password=False)) as given, Databases(given) as databases:
            databases.clone(databases.template("given", fill))

        assert (settings_of(own), names_on(own)) == before


def test_the_database_of_a_run_that_is_gone_is_dropped_from_a_given_server(own_server: Server) -> None:
    with own_server.connect() as connection:
        connection.execute("CREATE DATABASE pgharness_0a1b2c3d_walk_4e5f6a")

    with Databases(replace(own_server, kind="url")):
        assert "pgharness_0a1b2c3d_walk_4e5f6a" not in names_on(own_server)


def test_a_template_that_nobody_holds_is_dropped_from_a_given_server(own_server: Server) -> None:
    name = template_name("left", own_server.version_number, "postgres")
    with own_server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} IS_TEMPLATE true ALLOW_CONNECTIONS false")

    with Databases(replace(own_server, kind="url")):
        assert name not in names_on(own_server)


def settings_of(server: Server) -> list[Any]:
    with server.connect() as connection:
        return connection.execute(
            "SELECT name, setting, source FROM pg_settings WHERE source NOT IN ('client', 'session') ORDER BY name"
        ).fetchall()


def await_ready(pool: ClonePool, number: int) -> None:
    give_up_at = time.monotonic() + 30
    while len(pool._ready) < number:
        assert time.monotonic() < give_up_at
        time.sleep(0.005)


def await_gone(server: Server, name: str) -> None:
    give_up_at = time.monotonic() + 30
    while name in names_on(server):
        assert time.monotonic() < give_up_at
        time.sleep(0.005)
