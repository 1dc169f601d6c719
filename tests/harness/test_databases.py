"""Databases are made, copied, shared, kept and dropped, and nobody else's is touched."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import errors

from pgharness.databases import Database, Databases, create_and_drop
from pgharness.databases import databases as module
from pgharness.databases import template as template_module
from pgharness.databases.create_and_drop import drop_database
from pgharness.databases.names import database_name, label_of, template_name
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
    with own_server.connect() as connection, pytest.raises(ValueError, match="not a database of pgharness"):
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
    secret = replace(own_server, kind="url", url=replace(own_server.url, password="swordfish"))  # noqa: S106 - no real one
    with Databases(secret) as databases:
        kept = databases.create_empty()
        said = databases.keep(kept)
        assert databases._session is not None
        drop_database(databases._session, kept.name)

    assert "swordfish" not in said


def test_a_project_reaches_the_same_database_by_its_own_url(databases: Databases) -> None:
    database = databases.create_empty()
    with psycopg.connect(database.project_location.render()) as theirs, database.connect() as ours:
        rows = [connection.execute("SELECT current_database()").fetchone() for connection in (theirs, ours)]

    assert rows == [(database.name,)] * 2


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

    monkeypatch.setattr(create_and_drop, "_locale", is_full)
    with pytest.raises(errors.DiskFull):
        databases.create_empty()
    monkeypatch.undo()
    monkeypatch.setattr(psycopg.Connection, "execute", is_full)

    with pytest.raises(CannotRun, match="Could not create the database") as caught:
        databases.clone(Database("pgharness_x", databases.server.url, databases.server.url))
    monkeypatch.undo()
    assert "free space" in caught.value.mend


def test_a_cluster_in_another_encoding_still_gives_databases_in_utf8(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    with databases._working() as session:
        wanted = [
            create_and_drop._locale(session, replace(databases.server, version_number=number)).as_string(None)
            for number in (160000, 180000)
        ]
        utf8 = [statement for statement in wanted if statement]
        monkeypatch.setattr(psycopg.Cursor, "fetchone", lambda _cursor: ("SQL_ASCII",))
        ascii_locales = [
            create_and_drop._locale(session, replace(databases.server, version_number=number)).as_string(None)
            for number in (160000, 180000)
        ]
        monkeypatch.undo()

    assert utf8 == []
    assert ascii_locales == [
        " LOCALE_PROVIDER libc LOCALE 'C'",
        " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'",
    ]


def with_a_subscription(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("CREATE SUBSCRIPTION news CONNECTION 'host=nowhere' PUBLICATION news WITH (connect = false)")


def test_a_database_with_a_subscription_is_dropped(databases: Databases) -> None:
    database = databases.create_empty()
    with_a_subscription(database)

    with database.connect():
        databases.drop(database)

    assert database.name not in names_on(databases.server)


def test_a_template_with_a_subscription_is_dropped(own_server: Server) -> None:
    with Databases(own_server) as databases:
        template = databases.template("subscribed", with_a_subscription)

    assert template.name not in names_on(own_server)


def test_a_database_that_cannot_be_dropped_keeps_no_other_from_going_and_is_told(
    own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names_on(own_server)
    databases = Databases(replace(own_server, kind="url"))
    made = [databases.create_empty() for _ in range(3)]
    databases.template("left in any case", fill)

    def drop(session: Any, name: str) -> None:
        if name == made[1].name:
            raise errors.ObjectInUse("database is being used")
        drop_database(session, name)

    monkeypatch.setattr(module, "drop_database", drop)
    with pytest.raises(CannotRun, match="1 database could not be dropped") as caught:
        databases.close()

    assert names_on(own_server) - before == {made[1].name}
    assert f"{made[1].name}: database is being used" in caught.value.seen
    assert f'DROP DATABASE "{made[1].name}"' in caught.value.mend
    with own_server.connect() as connection:
        drop_database(connection, made[1].name)


@pytest.fixture
def maker(own_server: Server) -> Iterator[Server]:
    """Yield the server as it is to a role that may make databases and nothing else."""
    with own_server.connect() as connection:
        connection.execute("CREATE ROLE maker LOGIN CREATEDB")
        yield replace(own_server, kind="url", url=replace(own_server.url, user="maker"))
        connection.execute("DROP ROLE maker")


def test_a_database_on_which_somebody_of_more_rights_is_connected_is_told(own_server: Server, maker: Server) -> None:
    with Databases(maker) as databases:
        database = databases.create_empty()
        with own_server.connect(database.name), pytest.raises(CannotRun, match="Could not drop the database") as caught:
            databases.drop(database)

    assert "other session" in caught.value.seen
    assert "pg_stat_activity shows whose" in caught.value.mend
    assert database.name not in names_on(own_server)


def end_session(databases: Databases, server: Server) -> None:
    """Let the server end the session that the databases are made with, as a firewall or an administrator does."""
    assert databases._session is not None
    with server.connect() as connection:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", [databases._session.info.backend_pid])


def test_a_session_that_was_ended_is_replaced(own_server: Server) -> None:
    before = names_on(own_server)
    with Databases(own_server) as databases:
        databases.create_empty()
        end_session(databases, own_server)
        databases.create_empty()
        during = names_on(own_server)
        end_session(databases, own_server)

    assert len(during - before) == 2
    assert names_on(own_server) == before


def test_a_template_is_held_by_the_session_that_replaces_another(own_server: Server) -> None:
    with Databases(own_server) as databases:
        template = databases.template("held", fill)
        end_session(databases, own_server)
        databases.create_empty()
        with Databases(own_server) as others:
            others.template("held", fill)

        assert rows_of(databases.clone(template)) == 3


def test_a_template_that_is_gone_with_its_session_is_built_anew(own_server: Server) -> None:
    with Databases(own_server) as databases:
        template = databases.template("gone", fill)
        end_session(databases, own_server)
        with Databases(own_server) as others:
            others.template("gone", fill)

        assert rows_of(databases.clone(databases.template("gone", fill))) == 3
        assert template.name in names_on(own_server)


def test_a_template_that_cannot_be_sealed_leaves_nothing(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names_on(own_server)

    def fail(*_: Any) -> None:
        raise errors.ObjectInUse("somebody is connected")

    monkeypatch.setattr(template_module, "_seal", fail)
    with Databases(own_server) as databases, pytest.raises(errors.ObjectInUse):
        databases.template("unsealed", fill)

    assert names_on(own_server) == before


def test_a_given_server_keeps_its_settings_and_its_databases() -> None:
    with open_server("embedded") as own:
        with own.connect() as connection:
            connection.execute("ALTER SYSTEM SET work_mem = '5MB'")
            connection.execute("CREATE DATABASE shop")
            connection.execute("CREATE DATABASE pgharness_of_somebody")
        before = (settings_of(own), names_on(own))
        with open_server(own.url.render()) as given, Databases(given) as databases:
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
