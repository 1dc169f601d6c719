"""What the trace asks the server: our own session by the migration's process, the migration's own session about its transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pgharness.chain.watch import Ask
from pgharness.servers import Connection

KINDS = {
    "r": "table",
    "p": "partitioned table",
    "i": "index",
    "I": "partitioned index",
    "m": "materialized view",
    "v": "view",
    "S": "sequence",
    "f": "foreign table",
}
# Those of no schema of the server's own, without TOAST and temporary tables, which nobody else can use.
_RELATIONS = """
SELECT c.oid::bigint, pg_catalog.format('%%I.%%I', n.nspname, c.relname), c.relname, c.relkind::text, coalesce(i.indrelid, 0)::bigint,
       c.relfilenode::bigint, c.reltablespace::bigint,
       CASE WHEN c.relhastriggers THEN (SELECT min(tgname) FROM pg_catalog.pg_trigger AS t
                                        WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 1 = 1) END
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
WHERE c.oid >= 16384 AND n.nspname <> 'pg_toast' AND c.relkind = ANY (%s) AND c.relpersistence <> 't' AND (%s OR c.oid = ANY (%s))
"""
# A transaction holds a lock on its own virtual id as long as it lasts.
_LOCKS = """
SELECT virtualxid, relation::bigint, mode
FROM pg_catalog.pg_locks
WHERE pid = %s AND granted
  AND (locktype = 'virtualxid'
       OR locktype = 'relation' AND relation >= 16384
          AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
"""
_MS = "(EXTRACT(epoch FROM pg_catalog.current_setting('{}')::interval) * 1000)::bigint"
_IN_TRANSACTION = f"""
SELECT o.oid::bigint, c.relname, c.relfilenode::bigint, c.reltablespace::bigint,
       pg_catalog.pg_stat_get_xact_tuples_returned(o.oid), pg_catalog.pg_stat_get_xact_tuples_inserted(o.oid)
       + pg_catalog.pg_stat_get_xact_tuples_updated(o.oid) + pg_catalog.pg_stat_get_xact_tuples_deleted(o.oid),
       {_MS.format("lock_timeout")}, {_MS.format("statement_timeout")}
FROM pg_catalog.unnest('{{OIDS}}'::oid[]) AS o (oid)
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = o.oid
"""
_KEYS = "SELECT conname, conrelid::bigint, confrelid::bigint FROM pg_catalog.pg_constraint WHERE contype = 'f' AND conname IN ({})"
# What the session has set since it began, but for what we set ourselves; what holds for one transaction is gone by then.
_SETTINGS_LEFT = (
    "SELECT name, setting FROM pg_catalog.pg_settings WHERE source = 'session' AND name <> 'client_min_messages' "
    "UNION ALL SELECT 'role', pg_catalog.current_setting('role') WHERE pg_catalog.current_setting('role') <> 'none'"
)
# Counters of a transaction begin with what earlier ones of the session have not handed over yet.
HAND_OVER_COUNTERS = "SELECT pg_catalog.pg_stat_force_next_flush()"


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation that stands: its name as PostgreSQL prints it, and without schema; `table` is the oid of an index's table, else 0."""

    oid: int
    name: str
    bare_name: str
    kind: str
    table: int
    file: int
    tablespace: int
    row_trigger: str | None = None
    """The first trigger that fires for each row, if any does."""


@dataclass(frozen=True, slots=True)
class Counted:
    """One relation as the transaction sees it: its file, and the rows read from end to end, and written, since the transaction began."""

    bare_name: str | None
    file: int | None
    tablespace: int | None
    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What the migration's transaction says of itself."""

    counted: dict[int, Counted]
    lock_timeout_ms: int
    statement_timeout_ms: int


def read_relations(
    observer: Connection, leave_out: Collection[str] = (), only: Iterable[int] | None = None
) -> dict[int, Relation]:
    """Return the relations that are committed, by oid; `only` some of them where they are named."""
    named = list(only or ())
    rows = observer.execute(_RELATIONS, [list(KINDS), only is None, named]).fetchall()
    found = (
        Relation(oid, name, bare, KINDS[kind], table, file, space, trigger)
        for oid, name, bare, kind, table, file, space, trigger in rows
    )
    by_oid = {one.oid: one for one in found}
    left_out = {one.oid for one in by_oid.values() if one.name in leave_out}
    return {oid: one for oid, one in by_oid.items() if not {oid, one.table} & left_out}


def read_locks(observer: Connection, backend: int) -> tuple[str | None, list[tuple[int, str]]]:
    """Return the virtual id of the transaction in which the process is, None for none, and its locks: oid and mode as pg_locks has it."""
    rows = observer.execute(_LOCKS, [backend]).fetchall()
    transaction = next((str(vxid) for vxid, _, _ in rows if vxid is not None), None)
    # In an order that does not change from run to run.
    return transaction, sorted((oid, mode) for _, oid, mode in rows if oid is not None)


def ask_transaction(ask: Ask, oids: Iterable[int]) -> Seen:
    """Ask the transaction about these relations. Never as the first in a transaction, whose snapshot it would take."""
    rows = ask(_IN_TRANSACTION.replace("OIDS", ",".join(map(str, oids))))
    counted = {
        _number(oid): Counted(
            bare, int(file) if file else None, int(space) if space else None, _number(read), _number(written)
        )
        for oid, bare, file, space, read, written, *_ in rows
    }
    *_, lock_timeout, statement_timeout = rows[0] if rows else (None, None)
    return Seen(counted, _number(lock_timeout), _number(statement_timeout))


def ask_foreign_keys(ask: Ask, names: Iterable[str]) -> set[tuple[str, int, int]]:
    """Return the foreign keys of these names: name, referring table and referred table."""
    literals = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    return {(str(name), _number(table), _number(referred)) for name, table, referred in ask(_KEYS.format(literals))}


def ask_lock_timeout(ask: Ask) -> int | None:
    """Return the session's lock_timeout in ms; SHOW takes no snapshot, so it may be a transaction's first."""
    rows = ask("SHOW lock_timeout")
    return _milliseconds(rows[0][0]) if rows else None


def ask_settings(ask: Ask) -> dict[str, str]:
    """Return what the session has set, by name."""
    return {str(name): str(setting) for name, setting in ask(_SETTINGS_LEFT)}


def _milliseconds(shown: str | None) -> int:
    """Read a limit as SHOW prints it: `0`, `500ms`, `5s`, `1min`, `2h`, `1d`."""
    text = shown or "0"
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    factors = {"": 1, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
    return int(number) * factors[text[len(number) :]]


def _number(value: str | None) -> int:
    return int(value or 0)
