"""Whether this process can serve: the database answers, and its schema is the one that this release was made for."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text

from flowforge_schema.chain import known_revisions
from flowforge_schema.errors import AppError, SchemaMismatchError
from flowforge_schema.session import Database, PoolState

LIMIT_S = 2.0

CURRENT_REVISION = text("SELECT version_num FROM alembic_version")


class SchemaState(StrEnum):
    """How the database's revision stands to the chain of this release."""

    AT_HEAD = "at_head"
    AHEAD = "ahead"
    """A later release has migrated already: the usual moment of a rolling deployment, so this one goes on serving."""
    BEHIND = "behind"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a check has found; `reason` is empty when the process is ready, and else holds what is wrong, for anyone to read."""

    is_ready: bool
    reason: str
    revision: str | None
    expected_revision: str
    schema_state: SchemaState | None
    pool: PoolState
    took_ms: float


async def check_readiness(database: Database, *, limit_s: float = LIMIT_S) -> Readiness:
    """Ask the database for its revision and judge it; answers within `limit_s` and never raises on what it finds.

    It takes a connection of the primary's pool, as a request does: a process whose pool is exhausted is not ready. A read
    replica is not asked, because a process without it still serves writes.
    """
    started = time.perf_counter()
    expected = known_revisions()
    revision, reason = await _current_revision(database, limit_s)
    state = None if reason else judge_revision(revision, expected)
    return Readiness(
        is_ready=state in _SERVES,
        reason=reason or _reason(state, revision, expected[-1]),
        revision=revision,
        expected_revision=expected[-1],
        schema_state=state,
        pool=database.pool_state(),
        took_ms=(time.perf_counter() - started) * 1000,
    )


_SERVES = (SchemaState.AT_HEAD, SchemaState.AHEAD)


def judge_revision(revision: str | None, known: tuple[str, ...]) -> SchemaState:
    """Compare the database's revision with the chain; ids begin with their number, so that a later one is told."""
    if revision is None:
        return SchemaState.BEHIND
    if revision in known:
        return SchemaState.AT_HEAD if revision == known[-1] else SchemaState.BEHIND
    return SchemaState.AHEAD if _number(revision) > _number(known[-1]) else SchemaState.UNKNOWN


async def _current_revision(database: Database, limit_s: float) -> tuple[str | None, str]:
    """Give the database's revision, None where it has none, and why it could not be read within the limit."""
    reading = asyncio.create_task(_read_revision(database))
    _READING.add(reading)
    reading.add_done_callback(_READING.discard)
    try:
        await asyncio.wait({reading}, timeout=limit_s)
        if reading.done():
            return reading.result()
        pool = database.pool_state()
    finally:
        # Not awaited: where the backend hangs, psycopg waits for 5 s for the query that it cancels.
        reading.cancel()
    if pool.checked_out >= pool.limit:
        return None, f"all {pool.limit} connections of the pool are in use"
    return None, f"the database did not answer within {limit_s:g} s"


# The event loop keeps no hold of a task by itself, and one that was cancelled has yet to give its connection back.
_READING: set[asyncio.Task[tuple[str | None, str]]] = set()


async def _read_revision(database: Database) -> tuple[str | None, str]:
    try:
        async with database.session() as session:
            return await session.scalar(CURRENT_REVISION), ""
    except SchemaMismatchError:  # there is no such table
        return None, ""
    except AppError as error:
        return None, f"{error.code}: {error.message}"


def _reason(state: SchemaState | None, revision: str | None, expected: str) -> str:
    match state:
        case SchemaState.BEHIND:
            return (
                f"the schema is at {revision or 'no revision'} and not yet at {expected}: run flowforge-schema upgrade"
            )
        case SchemaState.UNKNOWN:
            return f"the schema is at {revision}, which this release does not know; it expects {expected}"
        case _:
            return ""


def _number(revision: str) -> int:
    match = re.match(r"(\d+)_", revision)
    return int(match[1]) if match else -1
