"""What is said where a database cannot be migrated or looked at: what was seen, what to type, and no value of a row."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest
from pydantic import SecretStr
from sqlalchemy.engine import URL

from flowforge_schema import DatabaseSettings, migrate
from flowforge_schema.health import known_revisions
from flowforge_schema.migrate import MigrationError
from pgharness.databases import Database

HEAD = known_revisions()[-1]

ACTS: dict[str, Callable[[migrate.Target], object]] = {
    "upgrade": migrate.upgrade,
    "downgrade": lambda target: migrate.downgrade(target, "-1"),
    "check": migrate.check,
    "current": migrate.current,
}
every_act = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)


@pytest.fixture
def stranger_url(migrated_database: Database) -> URL:
    """Return the URL of a migrated database as somebody who may read nothing of it."""
    return migrated_database.url.update_query_dict({"options": "-c role=pg_monitor"})


@pytest.mark.parametrize("name", ["upgrade", "downgrade", "check"])
def test_a_database_of_a_later_release_is_told(future_database: Database, name: str, future_revision: str) -> None:
    with pytest.raises(
        MigrationError, match=rf"at {future_revision}, which this release does not know[\s\S]*fix: use the"
    ):
        ACTS[name](future_database.url)


def test_where_a_database_of_a_later_release_stands_can_be_asked(
    future_database: Database, future_revision: str
) -> None:
    status = migrate.current(future_database.url)

    assert (status.revision, status.is_known, status.pending) == (future_revision, False, ())


@pytest.mark.parametrize("downgrade_to", [None, "base"])
def test_a_revision_of_this_release_is_known(migrated_database: Database, downgrade_to: str | None) -> None:
    if downgrade_to:
        migrate.downgrade(migrated_database.url, downgrade_to)

    assert migrate.current(migrated_database.url).is_known


@every_act
def test_a_role_without_rights_is_told_what_it_may_not(
    stranger_url: URL, act: Callable[[migrate.Target], object]
) -> None:
    with pytest.raises(MigrationError, match=r"SQLSTATE 42501: permission denied for table alembic_version\n  fix: "):
        act(stranger_url)


@every_act
def test_what_goes_through_pgbouncer_is_refused_and_told_to_do_the_same_again(
    migrated_database: Database, act: Callable[[migrate.Target], object]
) -> None:
    url = SecretStr(migrated_database.url.render_as_string(hide_password=False))

    with pytest.raises(MigrationError, match=r"PgBouncer in transaction mode gives none[\s\S]*fix: the same command"):
        act(DatabaseSettings(url=url, through_pgbouncer=True))


def test_a_downgrade_at_base_is_told_that_nothing_is_left(empty_database: Database) -> None:
    with pytest.raises(MigrationError, match=r"seen: the database is at base\n  fix: none: the chain ends here"):
        migrate.downgrade(empty_database.url, "-1")


def test_a_downgrade_to_a_later_revision_is_told_those_that_it_can_go_to(empty_database: Database) -> None:
    first, second, third = known_revisions()[:3]
    migrate.upgrade(empty_database.url, second)

    with pytest.raises(
        MigrationError, match=rf"at {second}\n  fix: flowforge-schema downgrade, and one of base, {first}$"
    ):
        migrate.downgrade(empty_database.url, third)


def test_an_upgrade_by_too_many_revisions_is_told_those_that_are_left(empty_database: Database) -> None:
    migrate.upgrade(empty_database.url, known_revisions()[-2])

    with pytest.raises(MigrationError, match=rf"fix: flowforge-schema upgrade, and one of {HEAD}$"):
        migrate.upgrade(empty_database.url, "+2")


def test_a_downgrade_that_failed_is_told_with_the_revision_to_type_again(
    migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    add_revision("go_up_only", "pass", "op.execute('SELECT no_such_column FROM users')")
    migrate.upgrade(migrated_database.url)

    with pytest.raises(MigrationError, match=r"then flowforge-schema downgrade -1 again"):
        migrate.downgrade(migrated_database.url, "-1")


VALUES_AND_SLIPS = {
    "a value that is malformed": (
        "UPDATE users SET last_login_at = display_name::timestamptz",
        "SQLSTATE 22007, values withheld",
    ),
    "a value that is missing": (
        "ALTER TABLE users ALTER COLUMN password_hash SET NOT NULL",
        "SQLSTATE 23502, table users, column password_hash, values withheld",
    ),
    "a value that is there twice": (
        "CREATE UNIQUE INDEX uq_names ON users (display_name)",
        "SQLSTATE 23505, table users, constraint uq_names, values withheld",
    ),
    "a value that is quoted": (
        "DO $$ BEGIN RAISE EXCEPTION '%', (SELECT max(display_name) FROM users); END $$",
        "SQLSTATE P0001, values withheld",
    ),
}


@pytest.mark.parametrize(("statement", "seen"), VALUES_AND_SLIPS.values(), ids=VALUES_AND_SLIPS)
def test_a_revision_that_fails_over_a_value_does_not_tell_it(
    migrated_database: Database, add_revision: Callable[..., str], statement: str, seen: str
) -> None:
    add_revision("fail", f'op.execute("{statement}")')
    with migrated_database.connect() as connection:
        connection.execute("INSERT INTO users (email, display_name) VALUES ('a@b', 'Jane'), ('c@d', 'Jane')")

    with pytest.raises(MigrationError, match=f"seen: {seen}\n") as raised:
        migrate.upgrade(migrated_database.url)
    assert "Jane" not in "".join(traceback.format_exception(raised.value))
