"""One template for all processes, and a pool of clones of it, made ready in the background."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors

from pgharness.databases import ClonePool, Database, Databases, template
from pgharness.databases import pool as pool_module
from pgharness.databases.create_and_drop import drop_database
from pgharness.databases.names import template_name
from pgharness.findings import CannotRun
from pgharness.servers import Connection, Server


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
        ends = [(process.stdin, process.stdout) for process in processes if process.stdin and process.stdout]
        first_lines = [out.readline() for _, out in ends]
        for into, _ in ends:
            into.close()  # each holds the template until here
        said = [line + out.read() for line, (_, out) in zip(first_lines, ends, strict=True)]

    assert sorted(said) == ["3\n", "built\n3\n"]


def test_waiting_for_a_template_ends_after_half_an_hour(
    own_server: Server, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template, "_BUILD_LIMIT_S", 0)
    with Databases(own_server) as other:

        def build(database: Database) -> None:
            fill(database)
            with pytest.raises(CannotRun, match="Could not get the template"):
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


def test_a_drop_that_takes_long_holds_up_no_clone(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()
    ended_in_time: list[bool] = []

    def drop_slowly(session: Connection, name: str) -> None:
        ended_in_time.append(may_end.wait(10))
        drop_database(session, name)

    monkeypatch.setattr(pool_module, "drop_database", drop_slowly)
    with databases.pool(databases.template("slow drop", fill), size=1) as pool:
        pool.release(pool.acquire())
        names = {pool.acquire().name for _ in range(3)}
        may_end.set()

    assert len(names) == 3
    assert all(ended_in_time)


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
    nothing = Database("pgharness_no_such_template", databases.server.url, databases.server.url)

    with databases.pool(nothing, size=1) as pool, pytest.raises(errors.InvalidCatalogName):
        pool.acquire()


def test_a_closed_pool_gives_no_clone(databases: Databases) -> None:
    with databases.pool(databases.template("closed", fill), size=1) as pool:
        pass

    with pytest.raises(RuntimeError, match="closed"):
        pool.acquire()


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
