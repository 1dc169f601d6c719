"""Whether this process can serve: the database answers, and its schema is the one that this release was made for."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text

from flowforge_schema.chain import known_revisions
from flowforge_schema.errors import (
    AppError,
    PoolExhaustedError,
    PrimaryReadOnlyError,
    SchemaMismatchError,
    UnavailableReason,
)
from flowforge_schema.health.node import fault_of_node
from flowforge_schema.session import Database, PoolState

LIMIT_S = 2.0

# Read-only is a standby, and a primary whose default_transaction_read_only is on; only a node of a cluster has that table.
STATE = text(
    "SELECT CAST(current_setting('transaction_read_only') AS boolean) AS is_read_only,"
    " to_regclass('pg_catalog.pg_dist_local_group') IS NOT NULL AS is_node"
)
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
    """What a check has found; `reason` is empty when the process is ready, and else holds what is wrong, for anyone to read.

    `code` tells the reasons apart, the same from release to release and None when ready: one of UnavailableReason, the code
    of an error (`primary_read_only`, `pool_exhausted`), `schema_behind` or `schema_unknown`; on a cluster also `not_the_coordinator` or
    `two_phase_missing`.
    """

    is_ready: bool
    code: str | None
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
    seen = await _look_in_time(database, limit_s)
    state = None if seen.code else judge_revision(seen.revision, expected)
    return Readiness(
        is_ready=state in _SERVES,
        code=seen.code or None if state is None else _CODES.get(state),
        reason=seen.reason or _reason(state, seen.revision, expected[-1]),
        revision=seen.revision,
        expected_revision=expected[-1],
        schema_state=state,
        pool=database.pool_state(),
        took_ms=(time.perf_counter() - started) * 1000,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """The database's revision, None where it has none; else why it could not be read, as a code and in words."""

    revision: str | None = None
    code: str | None = None
    reason: str = ""


_SERVES = (SchemaState.AT_HEAD, SchemaState.AHEAD)
_CODES = {SchemaState.BEHIND: "schema_behind", SchemaState.UNKNOWN: "schema_unknown"}


def judge_revision(revision: str | None, known: tuple[str, ...]) -> SchemaState:
    """Compare the database's revision with the chain; ids begin with their number, so that a later one is told."""
    if revision is None:
        return SchemaState.BEHIND
    if revision in known:
        return SchemaState.AT_HEAD if revision == known[-1] else SchemaState.BEHIND
    return SchemaState.AHEAD if _number(revision) > _number(known[-1]) else SchemaState.UNKNOWN


async def _look_in_time(database: Database, limit_s: float) -> _Seen:
    """Look at the database, within the limit."""
    looking = asyncio.create_task(_look(database))
    _LOOKING.add(looking)
    looking.add_done_callback(_LOOKING.discard)
    try:
        await asyncio.wait({looking}, timeout=limit_s)
        if looking.done():
            return looking.result()
        pool = database.pool_state()
    finally:
        # Not awaited: where the backend hangs, psycopg waits for 5 s for the query that it cancels.
        looking.cancel()
    if pool.checked_out >= pool.limit:
        return _Seen(code=PoolExhaustedError.code, reason=f"all {pool.limit} connections of the pool are in use")
    return _Seen(code=UnavailableReason.NO_ANSWER, reason=f"the database did not answer within {limit_s:g} s")


# The event loop keeps no hold of a task by itself, and one that was cancelled has yet to give its connection back.
_LOOKING: set[asyncio.Task[_Seen]] = set()


async def _look(database: Database) -> _Seen:
    try:
        async with database.session() as session:
            state = (await session.execute(STATE)).one()
            if state.is_read_only:
                return _leave(database)
            if state.is_node and (fault := await fault_of_node(session)) is not None:
                return _Seen(code=fault.code, reason=fault.reason)
            return _Seen(await session.scalar(CURRENT_REVISION))
    except SchemaMismatchError:  # there is no such table
        return _Seen()
    except AppError as error:
        return _Seen(code=error.reason or error.code, reason=f"{error.code}: {error.message}")


def _leave(database: Database) -> _Seen:
    database.leave_primary()  # a write would have done that, but there may be none to come
    reason = "the database takes no writes: it is a standby, or a primary that was demoted"
    return _Seen(code=PrimaryReadOnlyError.code, reason=reason)


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
