"""Versions that workflows, steps and runs name get their rows from the chain, also what is written while it runs."""

from __future__ import annotations

import pytest

from flowforge_schema import migrate
from pgharness.databases import Database

BEFORE, FILLED = "0020_add_run_keys", "0022_fill_workflow_versions"
# The workflow is at version 2, has steps of 1 and 3, and runs of 1 and of 99, which nobody made.
ROWS = """
INSERT INTO users (email) VALUES ('ada@example.org');
INSERT INTO workflows (owner_id, name, version) SELECT id, 'nightly', 2 FROM users;
INSERT INTO workflow_steps (workflow_id, workflow_version, key, name, step_type, position)
SELECT id, made.version, 'load', 'Load', 'http', 0 FROM workflows, (VALUES (1), (3)) AS made (version);
INSERT INTO workflow_runs (workflow_id, workflow_version, created_at)
SELECT id, made.version, made.at FROM workflows, (
    VALUES (1, timestamptz '2026-06-02 00:00+00'), (1, '2026-06-01 00:00+00'), (99, '2026-06-03 00:00+00')
) AS made (version, at);
"""
BY_THE_OLD_RELEASE = """
INSERT INTO workflow_runs (workflow_id, workflow_version, created_at) SELECT id, 98, '2026-06-04 00:00+00' FROM workflows;
"""
VERSIONS = """
SELECT version, to_char(published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM workflow_versions ORDER BY version
"""
PUBLISHED = [(1, "2026-06-01"), (2, None), (3, None), (99, "2026-06-03")]


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Return a database with versions of every kind before they have rows."""
    migrate.upgrade(empty_database.url, BEFORE)
    execute(empty_database, ROWS)
    return empty_database


def execute(database: Database, statements: str) -> None:
    with database.connect() as connection:
        connection.execute(statements)


def versions(database: Database) -> list[tuple[int, str | None]]:
    with database.connect() as connection:
        return connection.execute(VERSIONS).fetchall()


def test_every_version_that_is_named_has_a_row_and_one_that_was_run_is_published_since(database: Database) -> None:
    migrate.upgrade(database.url)

    assert versions(database) == PUBLISHED


def test_a_run_that_the_old_release_writes_before_there_is_a_foreign_key_gets_its_version(database: Database) -> None:
    migrate.upgrade(database.url, FILLED)
    execute(database, BY_THE_OLD_RELEASE)
    migrate.upgrade(database.url)

    assert versions(database) == [*PUBLISHED[:-1], (98, "2026-06-04"), PUBLISHED[-1]]


def test_what_was_published_is_published_alike_when_the_chain_goes_back_and_forth(database: Database) -> None:
    migrate.upgrade(database.url)
    migrate.downgrade(database.url, BEFORE)
    migrate.upgrade(database.url)

    assert versions(database) == PUBLISHED
