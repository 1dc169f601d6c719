"""Reads a database's catalog in one round trip into a snapshot."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any

import psycopg
from psycopg import errors, pq

from pgharness.catalog.facts import FactKey, ObjectKey, Snapshot
from pgharness.catalog.flat_conditions import flattened
from pgharness.catalog.queries import snapshot_query
from pgharness.findings import CannotRun

# What PostgreSQL prints depends on these; set for the reading transaction alone.
SETTINGS = {
    "search_path": "",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
    "jit": "off",
    # Catalogs are seldom analyzed: without this the planner takes them for tiny and joins them row by row.
    "enable_nestloop": "off",
    # The queries join in a good order as they are written; searching for another takes longer than reading.
    "join_collapse_limit": "1",
    "enable_mergejoin": "off",
    "lock_timeout": "10s",
}
ATTEMPTS = 5
# Properties whose values PostgreSQL prints from trees of expressions; a function's definition is text as it was typed.
PRINTED_EXPRESSIONS = frozenset({"definition", "default", "generated", "using", "with check", "where", "partition key"})

Row = tuple[int, int, int, int | None, int | None, str | None, str | None, str | None, str | None]
Address = tuple[int, int, int]
Fact = tuple[FactKey, str]

# In the place of a property's name: the row tells several facts, its value is a JSON array of name, value, name, value. A value may be
# null, and is no fact then. One row for an object is made, sent and read in half the time of many.
SEVERAL = "*"
# What is told under this name is no fact, for facts say it too.
SHAPE = "shape"
# The rows of about four thousand tables with all that belongs to them. Where there are more, each reading takes them all apart, as the first does.
MOST_REMEMBERED = 1 << 16


def take_snapshot(connection: psycopg.Connection[Any], *, leave_out: Collection[str] = ()) -> Snapshot:
    """Read the catalog as this connection sees it; within an open transaction, with what that has changed.

    One round trip, read only, no lock beyond ACCESS SHARE, nothing of the schema is executed. `leave_out` names relations as PostgreSQL
    prints them (`public.alembic_version`). The functions that print definitions read the newest catalog rather than the statement's own, so
    the whole is read again when another transaction ended meanwhile, until two readings agree; raises `CannotRun` when they never do.
    """

    def read() -> tuple[list[Row], bool]:
        (rows,), undisturbed = read_at_once(connection, [snapshot_query(connection.info.server_version // 10000)])
        return rows, undisturbed

    return read_until_sure(connection, read).without(leave_out)


def read_until_sure(connection: psycopg.Connection[Any], read: Callable[[], tuple[list[Row], bool]]) -> Snapshot:
    """Make a snapshot of what `read` gives: rows, and whether no other transaction ended meanwhile; read again until that is sure."""
    earlier: Snapshot | None = None
    seen = ""
    for _ in range(ATTEMPTS):
        try:
            rows, undisturbed = read()
        except (
            errors.InternalError_,
            errors.UndefinedObject,
            errors.UndefinedTable,
            errors.LockNotAvailable,
        ) as failure:
            # What "cache lookup failed" and its like mean here: an object went away between two looks.
            seen = str(failure).splitlines()[0]
            if connection.info.transaction_status == pq.TransactionStatus.INERROR:
                break
            continue
        snapshot = snapshot_of(rows, connection.info.server_version)
        if undisturbed or snapshot == earlier:
            return snapshot
        earlier = snapshot
        seen = "other transactions changed the catalog during each of the readings"
    raise CannotRun(
        f"The catalog of database {connection.info.dbname} could not be read whole.",
        seen=seen,
        mend="wait until nothing else changes the schema, then run it again",
    )


def snapshot_of(rows: Sequence[Row], server_version_number: int) -> Snapshot:
    """Make a snapshot of the rows that the query gives: facts by name or by address, parents and dependencies by address."""
    names: dict[Address, ObjectKey] = {}
    for row in rows:
        if row[6] is not None and row[5] is not None and row[:3] not in names:
            names[row[:3]] = ObjectKey(row[5], row[6])
    told: dict[ObjectKey, tuple[Fact, ...]] = {}
    parents: dict[ObjectKey, ObjectKey] = {}
    dependencies: defaultdict[ObjectKey, set[ObjectKey]] = defaultdict(set)
    for class_oid, oid, sub, parent_class, parent, _, _, property_name, value in rows:
        owner = names.get((class_oid, oid, sub))
        if owner is None:
            continue
        if parent_class is not None and parent is not None:
            related = names.get((parent_class, parent, 0))
            if related is not None and related != owner:
                if property_name == "depends on":
                    dependencies[owner].add(related)
                else:
                    parents[owner] = related
        if property_name is not None and value is not None:
            more = _facts(owner, property_name, value)
            told[owner] = _sorted([*told[owner], *more]) if owner in told else more
    facts = dict(chain.from_iterable(told[owner] for owner in sorted(told)))
    shapes = {ObjectKey(*key[:2]): facts.pop(key) for key in [key for key in facts if key.property == SHAPE]}
    return Snapshot(
        facts=facts,
        server_version_number=server_version_number,
        parents=parents,
        dependencies={owner: tuple(sorted(needed)) for owner, needed in dependencies.items()},
        shapes=shapes,
    )


@lru_cache(maxsize=MOST_REMEMBERED)
def _facts(owner: ObjectKey, property_name: str, value: str) -> tuple[Fact, ...]:
    """Return what a row tells, sorted. From one reading to the next, nearly all rows are the same and are taken apart once."""
    words = json.loads(value) if property_name == SEVERAL else (property_name, value)
    return _sorted(
        (
            FactKey(owner.kind, owner.object, name),
            flattened(text) if name in PRINTED_EXPRESSIONS and owner.kind != "function" else text,
        )
        for name, text in zip(words[::2], words[1::2], strict=True)
        if text is not None
    )


def _sorted(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Sort the facts of one object; of two about one property the last counts."""
    return tuple(sorted(dict(facts).items()))


def read_at_once(connection: psycopg.Connection[Any], queries: Sequence[str]) -> tuple[list[list[Any]], bool]:
    """Return the rows of each query, all sent in one round trip, and whether no other transaction ended while they were read."""
    is_ours = connection.info.transaction_status == pq.TransactionStatus.IDLE
    with _reading_transaction(connection, is_ours=is_ours):
        if not is_ours:
            connection.execute(
                "SELECT set_config('pgharness.' || name, current_setting(name), true) FROM unnest(%s::text[]) AS s(name)",
                (list(SETTINGS),),
            )
        before = connection.execute(
            "SELECT max(pg_current_snapshot()::text), count(set_config(name, setting, true))"
            " FROM unnest(%s::text[], %s::text[]) AS s(name, setting)",
            (list(SETTINGS), list(SETTINGS.values())),
        )
        readings = [connection.execute(query, prepare=True) for query in queries]
        after = connection.execute("SELECT pg_current_snapshot()::text")
        if not is_ours:
            connection.execute(
                "SELECT set_config(name, current_setting('pgharness.' || name), true) FROM unnest(%s::text[]) AS s(name)",
                (list(SETTINGS),),
            )
    return [reading.fetchall() for reading in readings], _first(before) == _first(after)


@contextmanager
def _reading_transaction(connection: psycopg.Connection[Any], *, is_ours: bool) -> Iterator[None]:
    """Open a transaction of our own, which goes out and comes back in one piece, or a savepoint in the caller's.

    Neither is rolled back when all goes well: psycopg throws its prepared statements away at each ROLLBACK, and planning the query takes as
    long as reading. So in a caller's transaction the settings have to be put back by hand; there the savepoint stands around the pipeline,
    for what fails within a pipeline is known only at its end.
    """
    if not (is_ours and connection.autocommit):
        with connection.transaction(), connection.pipeline():
            yield
        return
    try:
        with connection.pipeline():
            # Connection.transaction() would wait for each end of it.
            connection.execute("BEGIN")
            yield
            connection.execute("COMMIT")
    finally:
        if connection.info.transaction_status == pq.TransactionStatus.INERROR:
            connection.rollback()


def _first(cursor: psycopg.Cursor[Any]) -> object:
    row = cursor.fetchone()
    assert row is not None
    return row[0]
