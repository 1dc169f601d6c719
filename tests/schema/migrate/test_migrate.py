from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from flowforge_schema import DatabaseSettings, migrate
from flowforge_schema.health import known_revisions
from pgharness.databases import Database

HEAD = known_revisions()[-1]


def test_an_empty_database_comes_to_the_head(empty_database: Database) -> None:
    status = migrate.upgrade(empty_database.url)

    assert (status.revision, status.pending) == (HEAD, ())


def test_each_revision_is_told_as_it_is_done(empty_database: Database) -> None:
    told: list[str] = []

    migrate.upgrade(empty_database.url, tell=told.append)

    assert told == [f"up to {revision}" for revision in known_revisions()]


def test_upgrading_again_does_nothing(migrated_database: Database) -> None:
    told: list[str] = []

    migrate.upgrade(migrated_database.url, tell=told.append)

    assert told == []


def test_an_upgrade_may_stop_at_a_revision(empty_database: Database) -> None:
    status = migrate.upgrade(empty_database.url, known_revisions()[1])

    assert (status.revision, status.pending) == (known_revisions()[1], known_revisions()[2:])


def test_a_downgrade_goes_back_one_revision(migrated_database: Database) -> None:
    told: list[str] = []

    status = migrate.downgrade(migrated_database.url, "-1", tell=told.append)

    assert (status.revision, told) == (known_revisions()[-2], [f"back from {HEAD}"])


def test_a_downgrade_to_base_leaves_no_table_of_ours(migrated_database: Database) -> None:
    migrate.downgrade(migrated_database.url, "base")

    with migrated_database.connect() as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("alembic_version",)]


def test_settings_are_taken_as_well_as_a_url(empty_database: Database) -> None:
    settings = DatabaseSettings(url=SecretStr(empty_database.url.render_as_string(hide_password=False)))

    assert migrate.upgrade(settings).revision == HEAD


async def test_an_asynchronous_caller_upgrades_in_a_thread(empty_database: Database) -> None:
    status = await asyncio.to_thread(migrate.upgrade, empty_database.url)

    assert status.revision == HEAD


def test_two_threads_of_one_process_upgrade_one_after_the_other(empty_database: Database) -> None:
    async def both() -> list[migrate.SchemaStatus]:
        return list(await asyncio.gather(*(asyncio.to_thread(migrate.upgrade, empty_database.url) for _ in range(2))))

    assert [status.revision for status in asyncio.run(both())] == [HEAD, HEAD]


def test_current_tells_what_is_pending_and_changes_nothing(empty_database: Database) -> None:
    status = migrate.current(empty_database.url)

    with empty_database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    assert (status.revision, status.head, status.pending) == (None, HEAD, known_revisions())


def test_a_migrated_database_passes_the_check(migrated_database: Database) -> None:
    assert migrate.check(migrated_database.url) == ()


def test_the_check_names_each_revision_that_is_pending(empty_database: Database) -> None:
    problems = migrate.check(empty_database.url)

    assert [problem.split()[1] for problem in problems] == list(known_revisions())


def test_a_revision_that_there_is_not_is_answered_with_the_nearest(empty_database: Database) -> None:
    with pytest.raises(migrate.MigrationError, match=r"no revision '0002_add_identiti'[\s\S]*mean 0002_add_identity\?"):
        migrate.upgrade(empty_database.url, "0002_add_identiti")


def test_a_database_that_cannot_be_reached_is_told_without_its_password() -> None:
    with pytest.raises(migrate.MigrationError, match=r"cannot be reached[\s\S]*fix: ") as raised:
        migrate.upgrade("postgresql://flowforge:hush-hush@127.0.0.1:1/flowforge")

    assert "hush" not in str(raised.value)
