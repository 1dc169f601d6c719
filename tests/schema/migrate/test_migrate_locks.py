from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flowforge_schema import migrate
from flowforge_schema.migrate import MigrationError, Patience
from pgharness.databases import Database

LOCK_TIMEOUT_MS = 300
QUICK = Patience(lock_timeout_ms=LOCK_TIMEOUT_MS, attempts=2, first_pause_s=0.1)
STUBBORN = Patience(lock_timeout_ms=LOCK_TIMEOUT_MS, attempts=100, first_pause_s=0.2, longest_pause_s=0.2)
# What a busy machine may add to a wait.
SLACK_S = 2.0

ADD_A_COLUMN = "op.execute('ALTER TABLE users ADD COLUMN nickname text')"
BUILD_AN_INDEX = """\
with op.get_context().autocommit_block():
    op.execute("SELECT pg_sleep(1)")
    op.execute("CREATE INDEX CONCURRENTLY ix_users__display_name ON users (display_name)")
"""


@contextmanager
def held(database: Database, *statements: str) -> Iterator[Any]:
    """Hold a transaction open in which these statements were run."""
    with database.connect(autocommit=False) as connection:
        for statement in statements:
            connection.execute(statement)
        yield connection
        connection.rollback()


def wait_until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_an_upgrade_succeeds_once_the_lock_is_released(
    migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    revision = add_revision("add_nickname", ADD_A_COLUMN)
    told: list[str] = []
    with upgrading_behind_a_reader(migrated_database, told) as upgrade:
        wait_until(lambda: bool(told))

    assert upgrade.result(30).revision == revision


@contextmanager
def upgrading_behind_a_reader(database: Database, told: list[str]) -> Iterator[Future[Any]]:
    """Upgrade while a transaction that has read users is open; it is over when the block ends."""
    with ThreadPoolExecutor(1) as pool, held(database, "SELECT FROM users"):
        yield pool.submit(migrate.upgrade, database.url, patience=STUBBORN, tell=told.append)


def test_queries_behind_an_upgrade_that_waits_wait_no_longer_than_its_lock_timeout(
    migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    add_revision("add_nickname", ADD_A_COLUMN)
    told: list[str] = []
    waits_s: list[float] = []
    with migrated_database.connect() as traffic, upgrading_behind_a_reader(migrated_database, told) as upgrade:
        while len(told) < 4 and not upgrade.done():
            started = time.monotonic()
            traffic.execute("SELECT FROM users")
            waits_s.append(time.monotonic() - started)

    assert 0.05 < max(waits_s) < LOCK_TIMEOUT_MS / 1000 + SLACK_S


def test_an_upgrade_that_gives_up_names_who_has_been_in_a_transaction_for_longest(
    migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    add_revision("add_nickname", ADD_A_COLUMN)
    with (
        held(migrated_database, "SET LOCAL application_name = 'nightly-report'", "SELECT FROM users"),
        pytest.raises(MigrationError, match=r"SQLSTATE 55P03[\s\S]*nightly-report, idle in transaction"),
    ):
        migrate.upgrade(migrated_database.url, patience=QUICK)


LOSES_A_DEADLOCK_ONCE = """\
op.execute(
    "DO $$ BEGIN IF nextval('tries') = 1 THEN"
    " RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END IF; END $$"
)"""


def test_an_upgrade_that_was_a_deadlocks_victim_is_tried_again(
    migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    revision = add_revision("lose_a_deadlock", LOSES_A_DEADLOCK_ONCE)
    with migrated_database.connect() as connection:
        connection.execute("CREATE SEQUENCE tries")  # which counts on over a rollback

    told: list[str] = []
    assert migrate.upgrade(migrated_database.url, patience=STUBBORN, tell=told.append).revision == revision
    assert told[0].startswith("lost a deadlock; retrying in ")


def test_an_index_that_was_invalid_before_does_not_end_the_tries_of_an_upgrade(
    migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    revision = add_revision("add_nickname", ADD_A_COLUMN)
    leave_an_invalid_index(migrated_database)
    told: list[str] = []
    with upgrading_behind_a_reader(migrated_database, told) as upgrade:
        wait_until(lambda: bool(told) or upgrade.done())

    assert upgrade.result(30).revision == revision


def leave_an_invalid_index(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("INSERT INTO users (email, display_name) VALUES ('a@b', 'twin'), ('c@d', 'twin')")
        with pytest.raises(Exception, match="could not create unique index"):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY uq_twins ON users (display_name)")


def test_an_upgrade_that_gives_up_has_tried_as_often_as_it_may(
    migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    add_revision("add_nickname", ADD_A_COLUMN)
    told: list[str] = []
    with held(migrated_database, "SELECT FROM users"), pytest.raises(MigrationError):
        migrate.upgrade(
            migrated_database.url,
            patience=Patience(lock_timeout_ms=50, attempts=4, first_pause_s=0.01),
            tell=told.append,
        )

    assert told == [
        f"could not acquire a lock within 0.05 s; retrying in {pause} s" for pause in ("0.01", "0.02", "0.04")
    ]


def test_an_upgrade_that_gave_up_keeps_the_revisions_that_were_done(
    migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    first = add_revision("add_a_table", "op.execute('CREATE TABLE extra (id int)')", "op.execute('DROP TABLE extra')")
    add_revision("add_nickname", ADD_A_COLUMN)
    with (
        held(migrated_database, "SELECT FROM users"),
        pytest.raises(MigrationError, match=f"the database is at {first}"),
    ):
        migrate.upgrade(migrated_database.url, patience=QUICK)

    assert migrate.current(migrated_database.url).revision == first


def test_a_downgrade_is_tried_again_too(migrated_database: Database, add_revision: Callable[..., str]) -> None:
    add_revision("add_nickname", ADD_A_COLUMN, "op.execute('ALTER TABLE users DROP COLUMN nickname')")
    migrate.upgrade(migrated_database.url)
    told: list[str] = []
    with ThreadPoolExecutor(1) as pool, held(migrated_database, "SELECT FROM users"):
        downgrade = pool.submit(migrate.downgrade, migrated_database.url, "-1", patience=STUBBORN, tell=told.append)
        wait_until(lambda: bool(told))

    assert "nickname" not in columns_of_users(migrated_database, downgrade)


def columns_of_users(database: Database, after: Future[Any]) -> list[str]:
    after.result(30)
    with database.connect() as connection:
        rows = connection.execute("SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0")
        return [name for (name,) in rows]


def start_upgrade(database: Database, versions: Path) -> subprocess.Popen[str]:
    """Upgrade in a process of its own, which prints what it was told."""
    code = (
        "import pathlib, sys; from flowforge_schema import migrate; from flowforge_schema.migrate import configuring;"
        "configuring.chain_folder = lambda: pathlib.Path(sys.argv[2]); migrate.upgrade(sys.argv[1], tell=print)"
    )
    url = database.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-c", code, url, str(versions)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_of_two_processes_that_upgrade_at_once_one_waits_and_both_succeed(
    empty_database: Database, own_versions: Path, add_revision: Callable[..., str]
) -> None:
    revision = add_revision("take_a_second", "op.execute('SELECT pg_sleep(1)')")
    processes = [start_upgrade(empty_database, own_versions) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outputs
    assert "".join(out for out, _ in outputs).count(f"up to {revision}\n") == 1


def test_an_upgrade_that_waits_does_not_hold_up_an_index_built_concurrently(
    migrated_database: Database, own_versions: Path, add_revision: Callable[..., str]
) -> None:
    add_revision("index_display_name", BUILD_AN_INDEX)
    processes = [start_upgrade(migrated_database, own_versions) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outputs
    assert migrate.current(migrated_database.url).invalid_indexes == ()


def test_an_upgrade_does_not_wait_for_another_for_ever(migrated_database: Database) -> None:
    with (
        held(migrated_database, "SELECT pg_advisory_lock(7304231991024881)"),
        pytest.raises(MigrationError, match="Another upgrade of this database has been running for more than"),
    ):
        migrate.upgrade(migrated_database.url, patience=Patience(wait_s=0.5))


def test_an_upgrade_waits_for_another_as_long_as_it_was_told(migrated_database: Database) -> None:
    started = time.monotonic()
    with held(migrated_database, "SELECT pg_advisory_lock(7304231991024881)"), pytest.raises(MigrationError):
        migrate.upgrade(migrated_database.url, patience=Patience(wait_s=2))

    assert 1.5 < time.monotonic() - started < 2 + SLACK_S


def test_the_check_does_not_wait_for_an_upgrade_that_runs(migrated_database: Database) -> None:
    with (
        ThreadPoolExecutor(1) as pool,
        held(migrated_database, "SELECT pg_advisory_lock(7304231991024881)"),
    ):
        checked = pool.submit(migrate.check, migrated_database.url)

        assert checked.result(10) == ()


def test_the_check_does_not_wait_long_for_a_table_and_names_who_holds_it(migrated_database: Database) -> None:
    with (
        ThreadPoolExecutor(1) as pool,
        held(migrated_database, "SET LOCAL application_name = 'flowforge-migrate'", "LOCK TABLE users"),
    ):
        checked = pool.submit(migrate.check, migrated_database.url)

        with pytest.raises(MigrationError, match=r"SQLSTATE 55P03[\s\S]*flowforge-migrate, idle in transaction"):
            checked.result(10)


def test_an_index_that_a_failed_build_left_invalid_is_told(
    migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    add_revision(
        "unique_display_name",
        "with op.get_context().autocommit_block():\n"
        "    op.execute('CREATE UNIQUE INDEX CONCURRENTLY uq_users__display_name ON users (display_name)')",
    )
    with migrated_database.connect() as connection:
        connection.execute("INSERT INTO users (email, display_name) VALUES ('a@b', 'twin'), ('c@d', 'twin')")

    with pytest.raises(MigrationError, match=r"DROP INDEX CONCURRENTLY public\.uq_users__display_name") as raised:
        migrate.upgrade(migrated_database.url)
    assert "twin" not in str(raised.value)


def test_a_build_that_lost_a_lock_and_left_an_invalid_index_is_told_and_not_tried_again(
    migrated_database: Database, add_revision: Callable[..., str]
) -> None:
    add_revision("index_display_name", BUILD_AN_INDEX)
    told: list[str] = []
    snapshot = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "INSERT INTO users (email) VALUES ('x@y.z')")
    with (
        held(migrated_database, *snapshot),
        pytest.raises(MigrationError, match=r"SQLSTATE 55P03[\s\S]*public\.ix_users__display_name is invalid"),
    ):
        migrate.upgrade(migrated_database.url, patience=STUBBORN, tell=told.append)

    assert told == []


def test_the_check_tells_an_invalid_index(migrated_database: Database) -> None:
    leave_an_invalid_index(migrated_database)

    assert any("the index public.uq_twins is invalid" in problem for problem in migrate.check(migrated_database.url))
