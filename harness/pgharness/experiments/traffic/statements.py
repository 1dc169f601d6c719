"""The statements of the traffic: for each table one that reads and one that writes a row by its key and one that inserts, transactions over several, and what a file has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from pgharness.experiments.old_release.given import given_statements
from pgharness.records.traffic import GIVEN
from pgharness.rows.further import further_inserts
from pgharness.servers import Connection

KEYS = 200
_COLUMNS = """
SELECT pg_catalog.quote_ident(a.attname), coalesce(a.attnum = ANY (i.indkey), false)
FROM pg_catalog.pg_attribute AS a
LEFT JOIN pg_catalog.pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = ''
ORDER BY a.attnum
"""
_KEY = """
SELECT pg_catalog.quote_ident(a.attname)
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = %s::regclass AND i.indisprimary
ORDER BY a.attnum
"""


@dataclass(frozen=True, slots=True)
class Job:
    """What one session sends over and over: each of `rounds` is the statements of one transaction; `shown` is the text to tell."""

    act: str
    relation: str
    shown: str
    rounds: tuple[tuple[str, ...], ...]
    is_undone: bool = False
    """Whether each transaction is rolled back, so that the table keeps its rows and the same can be sent again."""


def make_jobs(connection: Connection, tables: Sequence[str], path: Path | None) -> tuple[Job, ...]:
    """Return the traffic on these tables, named as PostgreSQL prints them, parents first, and that of a file of statements."""
    writes = list[Job]()
    jobs = list[Job]()
    for table in tables:
        for job in _of_table(connection, table):
            jobs.append(job)
            if job.act == "writes a row":
                writes.append(job)
    if len(writes) > 1:
        jobs.append(_transaction(writes))
    return (*jobs, *_given(connection, path))


def _of_table(connection: Connection, table: str) -> Iterator[Job]:
    columns = connection.execute(_COLUMNS, [table]).fetchall()
    key = [str(name) for (name,) in connection.execute(_KEY, [table]).fetchall()] or ["ctid"]
    conditions = " AND ".join(f"{name.replace('%', '%%')} = %L" for name in key)
    template = sql.Literal(f"WHERE {conditions}").as_string(connection)
    asked = (
        f"SELECT pg_catalog.format({template}, {', '.join(f'{name}::text' for name in key)}) FROM {table} LIMIT {KEYS}"
    )
    places = [str(place) for (place,) in connection.execute(asked.encode()).fetchall()]
    shown = " AND ".join(f"{name} = …" for name in key)
    if places:
        read = f"SELECT * FROM {table}"
        yield Job("reads a row", table, f"{read} WHERE {shown}", tuple((f"{read} {place}",) for place in places))
    free = next((name for name, is_key in columns if not is_key), None)
    if places and free is not None:
        write = f"UPDATE {table} SET {free} = {free}"
        yield Job("writes a row", table, f"{write} WHERE {shown}", tuple((f"{write} {place}",) for place in places))
    yield from _inserts(connection, table)


def _inserts(connection: Connection, table: str) -> Iterator[Job]:
    """Yield who inserts rows that the table takes as it is now; what is checked at COMMIT is checked before it is undone."""
    inserts = further_inserts(connection, table, KEYS)
    if inserts:
        rounds = tuple((insert, "SET CONSTRAINTS ALL IMMEDIATE") for insert in inserts)
        yield Job(
            "inserts a row", table, f"{inserts[0].partition(' OVERRIDING')[0]} VALUES (…)", rounds, is_undone=True
        )


def _transaction(writes: Sequence[Job]) -> Job:
    """Return the transaction that writes to all tables, to those that others refer to first, as applications mostly do."""
    rounds = tuple(
        tuple(job.rounds[number % len(job.rounds)][0] for job in writes)
        for number in range(max(len(job.rounds) for job in writes))
    )
    shown = "; ".join(job.shown for job in writes)
    return Job("writes in one transaction", ", ".join(job.relation for job in writes), shown, rounds)


def _given(connection: Connection, path: Path | None) -> Iterator[Job]:
    """Yield what a file has and can be sent: what the server refuses here already is passed over."""
    for one in given_statements(connection, path):
        if one.only_parsed:
            continue
        text = f"EXECUTE pgharness_sent ({', '.join(one.values)})" if one.values else one.sql
        whole = (
            (f"PREPARE pgharness_sent AS {one.sql}", text, "DEALLOCATE pgharness_sent") if one.values else (one.sql,)
        )
        try:
            with connection.transaction(force_rollback=True):
                for statement in whole:
                    connection.execute(statement.encode())
        except psycopg.Error:
            continue
        yield Job(GIVEN, one.name, " ".join(one.sql.split()), (whole,))
