"""The check tells whatever has been changed by hand, with the statement that mends it, and nothing of what is others'."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine

from flowforge_schema import migrate
from flowforge_schema.migrate.differences import differences
from flowforge_schema.migrate.facts import Subject, file_of, read_facts, release_facts, render_facts
from pgharness.databases import Database

REWRITES = os.environ.get("FLOWFORGE_WRITE_FACTS")

DRIFTS = {
    "a trigger that was dropped": "DROP TRIGGER set_updated_at ON users",
    "a trigger that is disabled": "ALTER TABLE users DISABLE TRIGGER set_updated_at",
    "a function that does nothing": "CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NEW; END'",
    "a CHECK that was dropped": "ALTER TABLE users DROP CONSTRAINT ck_users__email_normalized",
    "a CHECK that says something else": "ALTER TABLE users DROP CONSTRAINT ck_users__email_normalized,"
    " ADD CONSTRAINT ck_users__email_normalized CHECK (email <> '')",
    "an index that was dropped": "DROP INDEX uq_users__casefold_email",
    "an index on something else": "DROP INDEX uq_users__casefold_email;"
    " CREATE INDEX uq_users__casefold_email ON users (email)",
    "an index of somebody's own": "CREATE INDEX ix_mine ON users (display_name)",
    "a key that is not valid": "ALTER TABLE api_keys DROP CONSTRAINT fk_api_keys__user_id__users,"
    " ADD CONSTRAINT fk_api_keys__user_id__users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE NOT VALID",
    "a key that does something else": "ALTER TABLE api_keys DROP CONSTRAINT fk_api_keys__user_id__users,"
    " ADD CONSTRAINT fk_api_keys__user_id__users FOREIGN KEY (user_id) REFERENCES users (id)",
    "a primary key that was dropped": "ALTER TABLE run_step_logs DROP CONSTRAINT pk_run_step_logs",
    "a column of another type": "ALTER TABLE users ALTER COLUMN last_login_at TYPE timestamp",
    "a column of somebody's own": "ALTER TABLE users ADD COLUMN nickname text NOT NULL DEFAULT ''",
    "a column that was dropped": "ALTER TABLE users DROP COLUMN is_active",
    "a column that was NOT NULL": "ALTER TABLE users ALTER COLUMN is_active DROP NOT NULL",
    "a column that has become NOT NULL": "ALTER TABLE users ALTER COLUMN display_name SET NOT NULL",
    "a default that differs": "ALTER TABLE users ALTER COLUMN is_active SET DEFAULT false",
    "a default that was dropped": "ALTER TABLE users ALTER COLUMN is_active DROP DEFAULT",
    "a default of somebody's own": "ALTER TABLE users ALTER COLUMN display_name SET DEFAULT 'x'",
    "a setting of vacuum that was reset": "ALTER TABLE outbox_events RESET (autovacuum_vacuum_scale_factor)",
    "a setting of somebody's own": "ALTER TABLE users SET (fillfactor = 50)",
    "a table that is not logged": "ALTER TABLE outbox_events SET UNLOGGED",
    "a table with row security": "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
    "a trigger of somebody's own": "CREATE TRIGGER mine BEFORE INSERT ON users FOR EACH ROW"
    " EXECUTE FUNCTION set_updated_at()",
}


def run(database: Database, *statements: str) -> None:
    with database.connect() as connection:
        for statement in statements:
            connection.execute(statement)


def statements_of(problem: str) -> list[str]:
    """Take apart what is to be typed: an index is built by a statement of its own."""
    return re.split(r"; (?=[A-Z]+ [A-Z]+ )", problem.split("; fix: ")[1])


@pytest.mark.parametrize("drift", DRIFTS.values(), ids=DRIFTS)
def test_a_change_is_told_with_the_statement_that_takes_it_back(migrated_database: Database, drift: str) -> None:
    run(migrated_database, drift)

    problems = migrate.check(migrated_database.url)
    run(migrated_database, *(mend for problem in problems for mend in statements_of(problem)))

    assert len(problems) == 1, problems
    assert migrate.check(migrated_database.url) == ()


def test_a_label_that_was_added_is_told_with_those_that_should_be(migrated_database: Database) -> None:
    run(migrated_database, "ALTER TYPE run_status ADD VALUE 'paused'")

    [problem] = migrate.check(migrated_database.url)
    assert problem.startswith("the enum run_status differs: it is 'pending'")
    assert "a label is never taken out or moved" in problem


def test_a_label_that_is_missing_is_told_with_its_place() -> None:
    labels = "'pending', 'running', 'completed'"
    subject = Subject("enum", "", "run_status")

    [problem] = differences({subject: labels}, {subject: "'pending', 'completed'"})
    assert problem.endswith("fix: ALTER TYPE run_status ADD VALUE 'running' AFTER 'pending'")


def test_a_table_that_was_dropped_is_told_once(migrated_database: Database) -> None:
    run(migrated_database, "DROP TABLE outbox_events")

    [problem] = migrate.check(migrated_database.url)
    assert problem.startswith("the table outbox_events is missing; fix: no statement brings it back")


def test_what_others_have_beside_the_tables_is_not_looked_at(migrated_database: Database) -> None:
    run(
        migrated_database,
        "CREATE TABLE mine (id int)",
        "CREATE TYPE mine_too AS ENUM ('a')",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    )

    assert migrate.check(migrated_database.url) == ()


def test_the_facts_of_the_release_are_those_of_the_chain(migrated_database: Database) -> None:
    with create_engine(migrated_database.url, poolclass=NullPool).connect() as connection:
        major = connection.connection.driver_connection.info.server_version // 10_000  # type: ignore[union-attr]
        written = render_facts(read_facts(connection))
    file = Path(str(file_of(major)))
    if REWRITES:
        file.write_text(written, "utf-8")

    assert file.read_text("utf-8") == written, "FLOWFORGE_WRITE_FACTS=1 nox -s schema -- -k facts_of_the_release"


def test_the_nearest_version_stands_in_for_one_that_no_facts_are_of() -> None:
    assert release_facts(99) == release_facts(18) == release_facts(17)


@pytest.fixture
def sql_ascii_database(empty_database: Database) -> Iterator[str]:
    """Yield the URL of a database without an encoding, as a server that was made without a locale has."""
    name = f"{empty_database.name}_ascii"
    with psycopg.connect(
        empty_database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as admin:
        admin.autocommit = True
        admin.execute(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
        yield empty_database.url.set(database=name).render_as_string(hide_password=False)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_database_without_an_encoding_is_refused_before_anything_changes(sql_ascii_database: str) -> None:
    with pytest.raises(migrate.MigrationError, match=r"needs a database in UTF8[\s\S]*seen: its encoding is SQL_ASCII"):
        migrate.upgrade(sql_ascii_database)


@pytest.mark.parametrize(
    ("seen", "mend"),
    [
        ("'b', 'c'", "ALTER TYPE letter ADD VALUE 'a' BEFORE 'b'"),
        ("'a', 'c'", "ALTER TYPE letter ADD VALUE 'b' AFTER 'a'"),
        ("'a', 'b'", "ALTER TYPE letter ADD VALUE 'c' AFTER 'b'"),
        ("'c'", "ALTER TYPE letter ADD VALUE 'a' BEFORE 'c'; ALTER TYPE letter ADD VALUE 'b' AFTER 'a'"),
    ],
)
def test_a_missing_label_is_added_where_it_belongs(seen: str, mend: str) -> None:
    letter = Subject("enum", "", "letter")

    assert differences({letter: "'a', 'b', 'c'"}, {letter: seen}) == (f"{letter} differs: it is {seen}; fix: {mend}",)
