"""Timestamps that Python cannot read are mended by the chain, on tables that hold them, and refused from then on."""

from __future__ import annotations

import pytest
from psycopg.errors import CheckViolation

from flowforge_schema import migrate
from pgharness.databases import Database

BEFORE = "0005_add_outbox"


USERS = """
INSERT INTO users (email, last_login_at, email_verified_at)
SELECT number || '@example.org', CASE WHEN number % 1000 = 0 THEN timestamptz 'infinity' END, '2026-01-01 00:00+00'
FROM generate_series(1, 5000) AS number
"""
EVENT = """
INSERT INTO outbox_events (aggregate_type, aggregate_id, event_type, payload, available_at)
VALUES ('user', uuidv7(), 'user.added', '{}', 'infinity')
"""


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Return a database before the limits, with rows beyond them."""
    migrate.upgrade(empty_database.url, BEFORE)
    with empty_database.connect() as connection:
        connection.execute(USERS)
        connection.execute("UPDATE users SET created_at = '-infinity' WHERE email = '7@example.org'")
        connection.execute("UPDATE users SET created_at = '20000-01-01' WHERE email = '8@example.org'")
        connection.execute(EVENT)
    return empty_database


def mended(database: Database, what: str) -> object:
    with database.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        row = connection.execute(what).fetchone()
    assert row is not None
    return row[0]


def test_what_python_cannot_read_becomes_the_nearest_that_it_can(database: Database) -> None:
    migrate.upgrade(database.url)

    far = "SELECT count(*) FROM users WHERE last_login_at = '9999-12-31 00:00+00'"
    assert mended(database, far) == 5
    assert (
        mended(database, "SELECT created_at::text FROM users WHERE email = '7@example.org'") == "0001-01-01 00:00:00+00"
    )
    assert (
        mended(database, "SELECT created_at::text FROM users WHERE email = '8@example.org'") == "9999-12-31 00:00:00+00"
    )


def test_what_python_can_read_stays_as_it_was(database: Database) -> None:
    migrate.upgrade(database.url)

    assert mended(database, "SELECT count(*) FROM users WHERE last_login_at IS NULL") == 4995
    assert mended(database, "SELECT count(DISTINCT email_verified_at) FROM users") == 1


def test_an_event_that_was_put_off_for_ever_is_parked(database: Database) -> None:
    migrate.upgrade(database.url)

    assert mended(database, "SELECT available_at = '9999-12-31 00:00+00' FROM outbox_events") is True


def test_rows_beyond_the_limits_are_refused_before_the_old_ones_are_mended(database: Database) -> None:
    migrate.upgrade(database.url, "0006_limit_timestamps")

    with database.connect() as connection, pytest.raises(CheckViolation, match="ck_users__last_login_at_range"):
        connection.execute("INSERT INTO users (email, last_login_at) VALUES ('ada@example.org', 'infinity')")


@pytest.mark.parametrize("moment", ["0001-01-01 00:00+00", "9999-12-31 23:59:59.999999+00"])
def test_the_first_and_the_last_moment_of_python_are_taken(database: Database, moment: str) -> None:
    migrate.upgrade(database.url)

    with database.connect() as connection:
        connection.execute("INSERT INTO users (email, last_login_at) VALUES ('ada@example.org', %s)", [moment])


@pytest.mark.parametrize(
    "moment", ["0001-12-31 23:59:59.999999+00 BC", "10000-01-01 00:00+00", "infinity", "-infinity"]
)
def test_what_lies_beyond_is_refused(database: Database, moment: str) -> None:
    migrate.upgrade(database.url)

    with database.connect() as connection, pytest.raises(CheckViolation):
        connection.execute("INSERT INTO users (email, last_login_at) VALUES ('ada@example.org', %s)", [moment])


def test_mending_that_was_stopped_halfway_can_be_run_again(database: Database) -> None:
    migrate.upgrade(database.url, "0007_mend_timestamps")
    with database.connect() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0006_limit_timestamps'")

    assert migrate.upgrade(database.url).pending == ()
