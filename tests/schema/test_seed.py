from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, NullPool, create_engine, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from flowforge_schema.engine import create_script_engine
from flowforge_schema.enums import RunStatus, StepStatus
from flowforge_schema.models import ApiKey, OutboxEvent, User, Workflow, WorkflowRun
from flowforge_schema.seed import SeedRefusedError, make_volume, plant_story, production_signs, story
from flowforge_schema.seed.refusal import PRODUCTION, STRANGE_RUNS_MAX, STRANGE_USERS_MAX
from flowforge_schema.seed.volumes import Scale
from flowforge_schema.settings import DatabaseSettings
from pgharness.databases import Database, Databases

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
TABLES = ("users", "api_keys", "workflows", "workflow_steps", "workflow_runs", "run_step_logs", "outbox_events")


@pytest.fixture
def script_engine(database_url: str) -> Iterator[Engine]:
    """Yield the synchronous engine of the data layer on the test's database."""
    engine = create_script_engine(DatabaseSettings(url=database_url))
    yield engine
    engine.dispose()


@pytest.fixture
def seeded(script_engine: Engine) -> Engine:
    """Return the engine of a database that holds the story."""
    plant(script_engine)
    return script_engine


def plant(engine: Engine, *, now: datetime = NOW, force: bool = False) -> dict[str, int]:
    with engine.begin() as connection:
        return plant_story(connection, now=now, force=force)


def all_rows(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return {
            table: list(connection.scalars(text(f"SELECT to_jsonb(t) FROM {table} AS t ORDER BY to_jsonb(t)")))
            for table in TABLES
        }


def test_planting_the_story_twice_changes_nothing(seeded: Engine) -> None:
    before = all_rows(seeded)

    added = plant(seeded)

    assert (sum(added.values()), all_rows(seeded)) == (0, before)


def test_planting_the_story_at_another_time_changes_nothing(seeded: Engine) -> None:
    before = all_rows(seeded)

    plant(seeded, now=NOW + timedelta(days=30))

    assert all_rows(seeded) == before


@pytest.mark.parametrize("table", TABLES)
def test_no_row_was_written_to_after_it_was_planted(seeded: Engine, table: str) -> None:
    plant(seeded)

    with seeded.connect() as connection:
        assert connection.scalar(text(f"SELECT max(updated_at) FROM {table}")) <= NOW  # the trigger would say today


def test_what_a_developer_changed_stays_changed(seeded: Engine) -> None:
    mara = story.seed_id(story.Kind.USER, 1)
    with seeded.begin() as connection:
        connection.execute(update(User).where(User.id == mara).values(display_name="Mara L."))

    plant(seeded)

    with seeded.connect() as connection:
        assert connection.scalar(select(User.display_name).where(User.id == mara)) == "Mara L."


def test_what_a_developer_deleted_comes_back(seeded: Engine) -> None:
    with seeded.begin() as connection:
        connection.execute(text("DELETE FROM workflow_runs"))

    added = plant(seeded)

    assert added["workflow_runs"] == len(story.run_rows(NOW))
    assert added["users"] == 0


def test_the_story_is_the_same_in_every_database(seeded: Engine, migrated_pool: Any) -> None:
    another = migrated_pool.acquire()
    engine = create_engine(another.url, poolclass=NullPool)
    plant(engine)
    rows = all_rows(engine)
    migrated_pool.release(another)

    assert rows == all_rows(seeded)


async def test_an_asynchronous_caller_plants_it_too(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        added = await connection.run_sync(lambda sync: plant_story(sync, now=NOW))

    assert min(added.values()) > 0


@pytest.mark.parametrize(
    ("told", "query"),
    [
        ("somebody signs in elsewhere", select(User).where(User.password_hash.is_(None), User.is_active)),
        ("somebody has left", select(User).where(~User.is_active)),
        ("somebody has never signed in", select(User).where(User.last_login_at.is_(None))),
        ("a key has expired", select(ApiKey).where(ApiKey.expires_at < NOW)),
        ("a key is revoked", select(ApiKey).where(ApiKey.revoked_at.is_not(None))),
        ("a key is in force", select(ApiKey).where(ApiKey.expires_at > NOW, ApiKey.revoked_at.is_(None))),
        ("a workflow is archived", select(Workflow).where(Workflow.archived_at.is_not(None))),
        ("a workflow has three versions", select(Workflow).where(Workflow.version == 3)),
        (
            "a run keeps an old version",
            select(WorkflowRun).join(Workflow).where(WorkflowRun.workflow_version < Workflow.version),
        ),
        (
            "a run was cancelled before it began",
            select(WorkflowRun).where(WorkflowRun.status == "cancelled", WorkflowRun.started_at.is_(None)),
        ),
        (
            "a run is asked to stop",
            select(WorkflowRun).where(WorkflowRun.status == "running", WorkflowRun.cancel_requested_at.is_not(None)),
        ),
        ("an event is delivered", select(OutboxEvent).where(OutboxEvent.published_at.is_not(None))),
        ("an event waits", select(OutboxEvent).where(OutboxEvent.published_at.is_(None), OutboxEvent.attempts == 0)),
        (
            "an event was refused",
            select(OutboxEvent).where(
                OutboxEvent.last_error.is_not(None), OutboxEvent.available_at < NOW + timedelta(days=1)
            ),
        ),
        ("an event is parked", select(OutboxEvent).where(OutboxEvent.available_at > NOW + timedelta(days=36500))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_story_tells_that(seeded: Engine, told: str, query: Any) -> None:
    with seeded.connect() as connection:
        assert connection.execute(query).first() is not None, told


@pytest.mark.parametrize("status", RunStatus)
def test_a_run_is_in_each_status(status: RunStatus) -> None:
    assert status in {row["status"] for row in story.run_rows(NOW)}


@pytest.mark.parametrize("status", StepStatus)
def test_an_attempt_is_in_each_status(status: StepStatus) -> None:
    assert status in {row["status"] for row in story.log_rows(NOW)}


def test_the_published_key_is_the_one_behind_the_hash(seeded: Engine) -> None:
    with seeded.connect() as connection:
        prefix, key_hash = connection.execute(
            select(ApiKey.prefix, ApiKey.key_hash).where(ApiKey.prefix == "ff_seed_deployment")
        ).one()

    assert hashlib.sha256(story.api_key_text(prefix).encode()).digest() == key_hash


def test_a_row_that_took_the_place_of_one_of_the_story_is_told(script_engine: Engine) -> None:
    with script_engine.begin() as connection:
        connection.execute(insert(User).values(email="MARA@kiln-and-clay.example"))

    with pytest.raises(SeedRefusedError, match=r"a row of users has another id .*\(uq_users__lower_email\)"):
        plant(script_engine)


def call_it_production(connection: Connection) -> None:
    connection.execute(text("SET flowforge.environment = 'production'"))


def bring_strangers(connection: Connection) -> None:
    connection.execute(
        insert(User), [{"email": f"customer-{number}@example.org"} for number in range(STRANGE_USERS_MAX + 1)]
    )


def bring_strange_runs(connection: Connection) -> None:
    owner = connection.scalar(insert(User).values(email="owner@example.org").returning(User.id))
    workflow = connection.scalar(insert(Workflow).values(owner_id=owner, name="real").returning(Workflow.id))
    connection.execute(
        text(
            "INSERT INTO workflow_runs (workflow_id, workflow_version) SELECT :workflow, 1 FROM generate_series(0, :most)"
        ),
        {"workflow": workflow, "most": STRANGE_RUNS_MAX},
    )


@pytest.mark.parametrize(
    ("make", "sign"),
    [
        (call_it_production, "its setting flowforge.environment is 'production'"),
        (bring_strangers, "more than 20 users that are not of the seed"),
        (bring_strange_runs, "more than 1,000 runs that are not of the seed"),
    ],
)
def test_a_database_that_looks_like_production_is_refused(
    script_engine: Engine, make: Callable[[Connection], None], sign: str
) -> None:
    with script_engine.connect() as connection:
        make(connection)

        with pytest.raises(SeedRefusedError, match=sign):
            plant_story(connection, now=NOW)


def test_as_many_strangers_as_development_leaves_behind_are_no_sign_of_production(script_engine: Engine) -> None:
    with script_engine.connect() as connection:
        bring_strangers(connection)
        connection.execute(text("DELETE FROM users WHERE email = 'customer-0@example.org'"))
        assert connection.scalar(text("SELECT count(*) FROM users")) == STRANGE_USERS_MAX

        assert production_signs(connection) == ()


def test_an_empty_setting_says_nothing_of_the_database(script_engine: Engine) -> None:
    with script_engine.connect() as connection:
        bring_strangers(connection)
        # What PostgreSQL leaves behind after any SET LOCAL of such a setting.
        connection.execute(text("SELECT set_config('flowforge.environment', '', false)"))

        assert production_signs(connection) != ()


def test_a_database_by_the_name_of_production_is_refused(pg_databases: Databases) -> None:
    named = pg_databases.create_empty("prod")
    engine = create_engine(named.url, poolclass=NullPool)

    with engine.connect() as connection:
        assert production_signs(connection) == (f"its name is {named.name!r}",)
    pg_databases.drop(named)


@pytest.mark.parametrize("name", ["prod", "flowforge_production", "eu-live-2", "PROD2"])
def test_a_name_is_that_of_production(name: str) -> None:
    assert PRODUCTION.search(name)


@pytest.mark.parametrize("name", ["flowforge", "products", "delivery_test", "reproduction"])
def test_a_name_is_not_that_of_production(name: str) -> None:
    assert not PRODUCTION.search(name)


def test_a_database_that_says_it_is_for_development_is_believed(script_engine: Engine) -> None:
    with script_engine.connect() as connection:
        bring_strangers(connection)
        connection.execute(text("SET flowforge.environment = 'development'"))

        assert production_signs(connection) == ()


def test_a_setting_that_was_reset_says_nothing(script_engine: Engine) -> None:
    """PostgreSQL leaves a setting of one's own empty, and not unset, after SET LOCAL or a rollback."""
    with script_engine.connect() as connection:
        bring_strangers(connection)
        connection.execute(text("SET flowforge.environment = ''"))

        assert production_signs(connection) != ()


def test_as_many_strangers_as_development_leaves_behind_are_no_sign(script_engine: Engine) -> None:
    with script_engine.connect() as connection:
        bring_strangers(connection)
        connection.execute(text("DELETE FROM users WHERE email = 'customer-0@example.org'"))

        assert production_signs(connection) == ()


def test_what_looks_like_production_is_seeded_when_forced(script_engine: Engine) -> None:
    with script_engine.connect() as connection:
        call_it_production(connection)

        assert plant_story(connection, now=NOW, force=True)["users"] > 0


def test_a_refused_database_stays_as_it_was(script_engine: Engine) -> None:
    with script_engine.begin() as connection:
        bring_strangers(connection)
    before = all_rows(script_engine)

    with pytest.raises(SeedRefusedError):
        plant(script_engine)
    assert all_rows(script_engine) == before


def test_the_seed_itself_does_not_look_like_production(seeded: Engine, migrated_database: Database) -> None:
    make_volume(migrated_database.url, Scale(runs=1_500, workflows=30, users=30), now=NOW)

    with seeded.connect() as connection:
        assert production_signs(connection) == ()
