from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from fastapi import FastAPI
from sqlalchemy import text

from flowforge_schema import ConfigurationError, Database, SchemaState, check_readiness, health_router
from flowforge_schema.chain import in_order
from flowforge_schema.health import known_revisions
from flowforge_schema.health.readiness import judge_revision

MakeDatabase = Callable[..., Database]

HEAD = known_revisions()[-1]


def test_the_revisions_read_without_alembic_are_those_that_alembic_reads() -> None:
    scripts = ScriptDirectory.from_config(Config("alembic.ini"))

    assert list(known_revisions()) == [script.revision for script in reversed(list(scripts.walk_revisions()))]


def test_a_chain_with_two_heads_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="0003_b"):
        in_order({"0001_a": None, "0002_a": "0001_a", "0003_a": "0002_a", "0003_b": "0002_a", "0004_a": "0003_a"})


@pytest.mark.parametrize(
    ("revision", "state"),
    [
        ("0003_c", SchemaState.AT_HEAD),
        ("0002_b", SchemaState.BEHIND),
        ("0001_a", SchemaState.BEHIND),
        (None, SchemaState.BEHIND),
        ("0004_later", SchemaState.AHEAD),
        ("0003_of_another_branch", SchemaState.UNKNOWN),
        ("d3adb33f", SchemaState.UNKNOWN),
    ],
)
def test_a_revision_is_judged_by_the_chain(revision: str | None, state: SchemaState) -> None:
    assert judge_revision(revision, ("0001_a", "0002_b", "0003_c")) is state


async def stamp(database: Database, revision: str | None) -> None:
    async with database.session() as session:
        if revision is None:
            await session.execute(text("DROP TABLE alembic_version"))
        else:
            await session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


async def test_a_migrated_database_is_ready(database: Database) -> None:
    readiness = await check_readiness(database)

    assert (readiness.is_ready, readiness.reason, readiness.revision) == (True, "", HEAD)


@pytest.mark.parametrize(
    ("revision", "reason"),
    [
        (known_revisions()[0], "run flowforge-schema upgrade"),
        (known_revisions()[-2], "run flowforge-schema upgrade"),
        ("d3adb33f", "which this release does not know"),
        (None, "at no revision"),
    ],
)
async def test_a_database_at_another_revision_is_not_ready(
    database: Database, revision: str | None, reason: str
) -> None:
    await stamp(database, revision)

    readiness = await check_readiness(database)

    assert not readiness.is_ready
    assert reason in readiness.reason


async def test_a_database_that_a_later_release_has_migrated_is_ready(database: Database) -> None:
    await stamp(database, "9999_of_a_later_release")

    readiness = await check_readiness(database)

    assert (readiness.is_ready, readiness.schema_state) == (True, SchemaState.AHEAD)


async def test_a_database_that_is_not_there_is_not_ready_and_the_reason_names_no_host() -> None:
    readiness = await check_readiness(Database("postgresql://nobody@127.0.0.1:9/nothing"))

    assert (readiness.is_ready, readiness.reason) == (
        False,
        "database_unavailable: The database is not available.",
    )


async def test_an_exhausted_pool_is_not_ready_within_the_limit(database_with: MakeDatabase) -> None:
    database = database_with(pool_size=1, max_overflow=0, pool_timeout_s=30)

    async with database.session() as session:
        await session.execute(text("SELECT 1"))
        started = time.monotonic()
        readiness = await check_readiness(database, limit_s=0.3)
        took_s = time.monotonic() - started

    assert readiness.reason == "all 1 connections of the pool are in use"
    assert took_s < 2
    assert database.pool_state().checked_out == 0


async def test_a_revision_that_is_locked_is_not_ready_within_the_limit(
    database: Database, database_with: MakeDatabase
) -> None:
    other = database_with()

    async with database.session() as session:
        await session.execute(text("LOCK TABLE alembic_version"))
        readiness = await check_readiness(other, limit_s=0.3)

    assert readiness.reason == "the database did not answer within 0.3 s"
    async with asyncio.timeout(5):
        while other.pool_state().checked_out:  # noqa: ASYNC110 - a pool tells nobody
            await asyncio.sleep(0.01)


# Over HTTP


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(lifespan=database.lifespan)
    app.include_router(health_router)
    transport = httpx.ASGITransport(app)
    async with database.lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


async def test_readyz_answers_200_with_the_revision_and_the_pool_and_is_not_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")

    body = answer.json()
    assert (answer.status_code, body["status"], body["revision"]) == (200, "ready", HEAD)
    assert answer.headers["cache-control"] == "no-store"
    assert body["pool"] == {"checked_out": 0, "idle": 1, "limit": 10}


async def test_readyz_answers_503_with_the_reason_and_is_not_kept(
    client: httpx.AsyncClient, database: Database
) -> None:
    await stamp(database, known_revisions()[0])

    answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()["schema_state"]) == (503, "behind")
    assert answer.headers["cache-control"] == "no-store"


async def test_healthz_does_not_touch_the_database(client: httpx.AsyncClient, database: Database) -> None:
    answer = await client.get("/healthz")

    assert answer.json() == {"status": "ok"}
    assert database.pool_state().idle == 0
