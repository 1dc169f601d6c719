"""Copies carry what the database itself carries: CREATE DATABASE leaves out its settings, privileges and comment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Database, Databases
from pgharness.databases.names import KEPT
from pgharness.servers import Server

CARRIES = (
    'ALTER DATABASE %I SET search_path = shop, "Odd, one"',
    "ALTER DATABASE %I SET shop.motto = 'it''s 100% {good}'",
    "ALTER ROLE carried_reader IN DATABASE %I SET work_mem = '8MB'",
    "ALTER ROLE CURRENT_USER IN DATABASE %I SET statement_timeout = '1min'",
    "COMMENT ON DATABASE %I IS 'the shop; a good one'",
    "ALTER DATABASE %I CONNECTION LIMIT 7",
    "REVOKE ALL ON DATABASE %I FROM PUBLIC",
    "REVOKE TEMPORARY ON DATABASE %I FROM CURRENT_USER",
    "GRANT CONNECT ON DATABASE %I TO carried_keeper WITH GRANT OPTION",
    "SET ROLE carried_keeper",
    "GRANT CONNECT ON DATABASE %I TO carried_reader",
    "RESET ROLE",
)
FACTS = {
    "setting search_path": 'shop, "Odd, one"',
    "setting shop.motto": "it's 100% {good}",
    "setting work_mem of carried_reader": "8MB",
    "setting statement_timeout of <owner>": "1min",
    "comment": "the shop; a good one",
    "connection limit": "7",
    "grants to PUBLIC": "none",
    "grants to <owner>": "CONNECT, CREATE",
    "grants to carried_keeper": "CONNECT*",
    "grants to carried_reader by carried_keeper": "CONNECT",
}


@pytest.fixture
def databases(own_server: Server) -> Iterator[Databases]:
    with own_server.connect() as connection:
        connection.execute("CREATE ROLE carried_reader; CREATE ROLE carried_keeper")
        with Databases(own_server) as made:
            yield made
        connection.execute("DROP ROLE carried_reader; DROP ROLE carried_keeper")


def load(database: Database, *statements: str) -> None:
    """Run statements in which %I stands for the database's name."""
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement.replace("%I", f'"{database.name}"').encode())


def load_all(database: Database) -> None:
    load(database, *CARRIES)


def facts_of(database: Database) -> dict[str, str]:
    with database.connect(options="-c search_path=public") as connection:
        facts = take_snapshot(connection).facts
    return {key.property: value for key, value in facts.items() if key.kind == "database"}


def test_a_fresh_database_carries_nothing(databases: Databases) -> None:
    assert facts_of(databases.create_empty()) == {}


def test_a_copy_carries_what_its_original_carries(databases: Databases) -> None:
    original = databases.create_empty()
    load_all(original)

    assert facts_of(databases.clone(original)) == facts_of(original) == FACTS


def test_a_copy_of_a_sealed_template_carries_what_that_was_built_with(databases: Databases) -> None:
    template = databases.template("carried", load_all)

    assert [facts_of(databases.clone(template)) for _ in range(2)] == [FACTS, FACTS]


def test_a_copy_from_a_pool_carries_what_the_template_carries(databases: Databases) -> None:
    with databases.pool(databases.template("carried in a pool", load_all), size=1) as pool:
        assert [facts_of(pool.acquire()) for _ in range(2)] == [FACTS, FACTS]


def test_a_later_copy_carries_what_its_original_was_given_meanwhile(databases: Databases) -> None:
    original = databases.create_empty()
    databases.clone(original)
    load(original, "ALTER DATABASE %I SET work_mem = '8MB'")

    assert facts_of(databases.clone(original)) == {"setting work_mem": "8MB"}


def test_the_sessions_of_a_copy_go_by_its_settings(databases: Databases) -> None:
    original = databases.create_empty()
    load(original, "ALTER DATABASE %I SET work_mem = '8MB'")

    with databases.clone(original).connect() as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("8MB",)


def test_further_copies_of_a_template_that_carries_nothing_cost_nothing_more(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = databases.template("carries nothing", lambda _database: None)
    databases.clone(template)
    sent: list[str] = []
    execute = psycopg.Connection.execute

    def remember(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        sent.append(query if isinstance(query, str) else str(query))
        return execute(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", remember)
    databases.clone(template)

    # The first asks whether the session still lives.
    assert [statement.split()[0] for statement in sent if "CREATE DATABASE" not in statement] == ["SELECT"]
    assert len(sent) == 2


def test_the_mark_of_a_kept_database_is_no_fact(databases: Databases) -> None:
    database = databases.create_empty()
    databases.keep(database)
    facts = facts_of(database)
    databases._registry.add(database)

    assert facts == {}


def test_a_comment_that_a_revision_gave_does_not_keep_the_database_of_a_run_that_is_gone(own_server: Server) -> None:
    with own_server.connect() as connection:
        for name, comment in (("pgharness_0a1b2c3d_walk_4e5f6a", "the shop"), ("pgharness_0a1b2c3d_walk_4e5f6b", KEPT)):
            connection.execute(f"CREATE DATABASE {name}")
            connection.execute(f"COMMENT ON DATABASE {name} IS '{comment}'")

    with Databases(replace(own_server, kind="url")), own_server.connect() as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^pgharness_0a1b2c3d'").fetchall()
        connection.execute("DROP DATABASE IF EXISTS pgharness_0a1b2c3d_walk_4e5f6b")

    assert left == [("pgharness_0a1b2c3d_walk_4e5f6b",)]
