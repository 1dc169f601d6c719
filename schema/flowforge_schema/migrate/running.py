"""Runs the chain: one revision at a time, and again where a lock could not be acquired."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from flowforge_schema.migrate.configuring import Chain, configure
from flowforge_schema.migrate.connecting import Target, connect, reading, refuse_unfit
from flowforge_schema.migrate.messages import (
    MigrationError,
    lost_a_lock,
    oldest_transactions,
    say_invalid,
    say_lost,
    say_seen,
)
from flowforge_schema.migrate.status import SchemaStatus, invalid_indexes, refuse_unknown, status_of
from flowforge_schema.placement.cluster import has_extension, read_cluster

Tell = Callable[[str], None]

# `alembic.context` is one for the whole process.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for what: one lock, other upgrades, and between attempts (doubled each time)."""

    lock_timeout_ms: int = 5_000
    wait_s: float = 600
    attempts: int = 6
    first_pause_s: float = 1
    longest_pause_s: float = 30


def upgrade(
    target: Target, revision: str = "head", *, patience: Patience = Patience(), tell: Tell = lambda _line: None
) -> SchemaStatus:
    """Bring the database up to `revision`; `tell` gets a line for each revision that is done and each pause.

    Each revision is a transaction of its own, so a failure leaves the database at the last one that was done, and a call
    that finds nothing to do changes nothing. Another upgrade of the same database is waited for. Raises MigrationError.
    """
    return _run(command.upgrade, target, revision, patience, tell)


def downgrade(
    target: Target, revision: str, *, patience: Patience = Patience(), tell: Tell = lambda _line: None
) -> SchemaStatus:
    """Bring the database down to `revision`, `-1` or `base`; what only later revisions hold is lost. Raises MigrationError."""
    return _run(command.downgrade, target, revision, patience, tell)


def _run(
    act: Callable[[Config, str], None], target: Target, revision: str, patience: Patience, tell: Tell
) -> SchemaStatus:
    def pause(state: RetryCallState) -> None:
        assert state.outcome is not None
        assert state.next_action is not None
        lost = say_lost(state.outcome.exception(), patience.lock_timeout_ms)
        tell(f"{lost}; retrying in {state.next_action.sleep:g} s")

    retrying = Retrying(
        retry=retry_if_exception(lost_a_lock),
        stop=stop_after_attempt(patience.attempts),
        wait=wait_exponential(multiplier=patience.first_pause_s, max=patience.longest_pause_s),
        before_sleep=pause,
        reraise=True,
    )
    try:
        return retrying(_run_once, act, target, revision, patience, tell)
    except DBAPIError as error:
        raise MigrationError(_told(act.__name__, revision, error, target)) from error


def _run_once(
    act: Callable[[Config, str], None], target: Target, revision: str, patience: Patience, tell: Tell
) -> SchemaStatus:
    def done(*, step: Any, **_rest: Any) -> None:
        tell(f"{'up to' if step.is_upgrade else 'back from'} {step.up_revision_id}")

    chain = configure(lock_timeout_ms=patience.lock_timeout_ms, wait_s=patience.wait_s, on_version_apply=done)
    with _one_at_a_time, connect(target) as connection:
        chain.config.attributes["connection"] = connection
        refuse_unfit(connection)
        before = invalid_indexes(connection)
        connection.rollback()
        try:
            act(chain.config, revision)
        except CommandError as error:
            raise MigrationError(_not_understood(act.__name__, revision, error, connection, chain)) from error
        except DBAPIError as error:
            connection.rollback()
            if not connection.invalidated and set(invalid_indexes(connection)) - set(before):
                # A retry would stumble over it.
                raise MigrationError(_told(act.__name__, revision, error, target)) from error
            raise
        return status_of(connection, chain)


def _told(act: str, revision: str, error: DBAPIError, target: Target) -> str:
    """Return where a revision failed, in PostgreSQL's words but without a row's values, and what was left behind."""
    statement = " ".join((error.statement or "").split())[:200]
    lines = [f"seen: {say_seen(error)}", f"seen: in {statement}"]
    with reading(target) as connection:
        status = status_of(connection, configure())
        if lost_a_lock(error):
            lines += [f"seen: {session}" for session in oldest_transactions(connection)]
        is_of_shards = _is_refused_of_shards(error, connection)
    lines += [f"seen: {say_invalid(index)}" for index in status.invalid_indexes]
    lines.append(f"fix: {_mend(error, is_of_shards=is_of_shards)}, then flowforge-schema {act} {revision} again")
    return "\n  ".join([f"The {act} stopped; the database is at {status.revision or 'base'}.", *lines])


def _is_refused_of_shards(error: DBAPIError, connection: Connection) -> bool:
    """Whether the engine that spreads tables over nodes knows no such change of them."""
    is_unknown = isinstance(error.orig, psycopg.errors.FeatureNotSupported)
    return is_unknown and has_extension(connection) and read_cluster(connection).is_distributed


def _mend(error: DBAPIError, *, is_of_shards: bool) -> str:
    if lost_a_lock(error):
        return "end the sessions that hold the lock"
    return "flowforge-schema undistribute" if is_of_shards else "correct what the message says"


def _not_understood(act: str, revision: str, error: CommandError, connection: Connection, chain: Chain) -> str:
    """Explain what Alembic refuses: a revision that there is not, or none that leads there from where the database stands."""
    if "  fix: " in str(error):
        return str(error)
    connection.rollback()
    status = status_of(connection, chain)
    refuse_unknown(status)
    known = chain.revisions()
    if "locate revision" in str(error):
        near = difflib.get_close_matches(revision, known, n=1, cutoff=0.3)
        return (
            f"There is no revision {revision!r}.\n  seen: the chain has {', '.join(known)}\n"
            f"  fix: name one of them{f'; did you mean {near[0]}?' if near else ''}"
        )
    below = ["base", *known][: len(known) - len(status.pending)]
    ways = ", ".join(status.pending if act == "upgrade" else below)
    return (
        f"There is no {act} to {revision!r} from here.\n  seen: the database is at {status.revision or 'base'}\n"
        f"  fix: {f'flowforge-schema {act}, and one of {ways}' if ways else 'none: the chain ends here'}"
    )
