"""Puts rows into empty tables, parents first, and mends a row by what the server says against it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from psycopg import errors, pq, sql

from pgharness.rows.column_values import ColumnValues, NothingFits
from pgharness.rows.reading import Connection, empty_tables, first_line, printed, read_tables
from pgharness.rows.row_values import Choice, Chooser, Fullness
from pgharness.rows.tables import Table
from pgharness.rows.type_values import Values

# The first row has all its columns, the second as few as it may, the third even those that have defaults.
FULLNESS = (Fullness.FULL, Fullness.SPARSE, Fullness.EXPLICIT)
ATTEMPTS = 120


@dataclass(frozen=True, slots=True)
class Filling:
    """What was done: rows made by table, and the tables for which none could be made, each with the reason."""

    filled: Mapping[str, int]
    unfilled: tuple[tuple[str, str], ...]


def fill_empty_tables(connection: Connection, *, rows_per_table: int, leave_out: Collection[str] = ()) -> Filling:
    """Return each table without rows `rows_per_table` of them; tables that hold rows are left alone.

    The connection is in autocommit mode: each row is committed by itself. Values are the same on every run. `leave_out`
    holds names of tables as PostgreSQL prints them, such as `public.alembic_version`.
    """
    empty, unfilled = empty_tables(connection, leave_out)
    if not empty:
        return Filling({}, tuple(sorted(unfilled.items())))
    tables, types = read_tables(connection, empty)
    values = Values(types, count=2 * rows_per_table + 6)
    filled: dict[str, int] = {}
    for table in _parents_first(tables):
        made, reason = _fill(Chooser(ColumnValues(connection, table, values)), rows_per_table)
        if made:
            filled[table.name] = made
        else:
            unfilled[table.name] = reason
    return Filling(filled, tuple(sorted(unfilled.items())))


def _parents_first(tables: Collection[Table]) -> list[Table]:
    """Order tables so that each comes after those it refers to; in a circle, after those that it must refer to."""
    remaining = {table.name: table for table in tables}
    ordered: list[Table] = []
    while remaining:
        chosen = (
            next(
                (table for table in remaining.values() if not _parents(table, required=False) & remaining.keys()), None
            )
            or next(
                (table for table in remaining.values() if not _parents(table, required=True) & remaining.keys()), None
            )
            or next(iter(remaining.values()))
        )
        ordered.append(remaining.pop(chosen.name))
    return ordered


def _parents(table: Table, *, required: bool) -> set[str]:
    return {
        key.referred_table
        for key in table.foreign_keys
        if key.referred_table != table.name
        and not (required and any(name in table.column and not table.column[name].not_null for name in key.columns))
    }


def _fill(chooser: Chooser, rows: int) -> tuple[int, str]:
    """Return the number of rows made, and why no more were."""
    made, reason = _insert_at_once(chooser, rows), ""
    for number in range(made, rows):
        try:
            _insert_fitting(chooser, number, FULLNESS[number % len(FULLNESS)])
            made += 1
        except NothingFits as nothing:
            reason = reason or str(nothing)
    return made, reason


def _insert_at_once(chooser: Chooser, rows: int) -> int:
    """Insert rows in one round trip, each still in a transaction of its own; give how many were, up to the first that is refused.

    Not where rows refer to their own table, for there the values of one may depend on the one before. Nothing is prepared: what
    follows a refusal in a pipeline is not carried out, and psycopg would take it for prepared.
    """
    if any(key.referred_table == chooser.table.name for key in chooser.table.foreign_keys):
        return 0
    try:
        chosen = [chooser.choices(number, FULLNESS[number % len(FULLNESS)]) for number in range(rows)]
    except NothingFits:
        return 0
    connection = chooser.column_values.connection
    commits = []
    # A refusal is told again, and answered, where the row is inserted alone. Within the pipeline too: what leaves it as an error makes
    # psycopg log what the pipeline raises besides at its end.
    with suppress(psycopg.Error), connection.pipeline(), suppress(psycopg.Error):
        for choices in chosen:
            connection.execute("BEGIN", prepare=False)
            _insert(connection, chooser.table, choices)
            commits.append(connection.execute("COMMIT", prepare=False))
    if connection.info.transaction_status == pq.TransactionStatus.INERROR:
        # Not Connection.rollback(), with which psycopg throws its prepared statements away: those that read catalogs are dear.
        connection.pgconn.exec_(b"ROLLBACK")
    return sum(commit.statusmessage == "COMMIT" for commit in commits)


def _insert_fitting(chooser: Chooser, number: int, fullness: Fullness) -> None:
    """Insert one row, taking other values where the server refuses it. Raises NothingFits with the server's last word."""
    choices = chooser.choices(number, fullness)
    for _ in range(ATTEMPTS):
        try:
            _insert(chooser.column_values.connection, chooser.table, choices)
        except (psycopg.errors.IntegrityError, errors.RaiseException, errors.DataError) as error:
            refusal = error
        except psycopg.Error as error:
            raise NothingFits(first_line(error)) from error
        else:
            return
        if not _advance(chooser.table, choices, refusal):
            break
    raise NothingFits(first_line(refusal)) from refusal


def _insert(connection: Connection, table: Table, choices: Collection[Choice]) -> None:
    row = dict(pair for choice in choices for pair in choice.current)
    given = {column.name: value for column, value in row.items()}
    if not given:
        connection.execute(sql.SQL("INSERT INTO {} DEFAULT VALUES").format(printed(table.name)), (), prepare=False)
        return
    statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
        printed(table.name),
        sql.SQL(", ").join(printed(name) for name in given),
        sql.SQL(", ").join([sql.Placeholder()] * len(given)),
    )
    connection.execute(statement, list(given.values()), prepare=False)


def _advance(table: Table, choices: Collection[Choice], refusal: psycopg.Error) -> bool:
    """Take the next values of the columns that the refusal is about, or of all where it does not say; False at the end."""
    named = table.keys.get(refusal.diag.constraint_name or "", ())
    if refusal.diag.column_name is not None:
        named = (refusal.diag.column_name,)
    blamed = [choice for choice in choices if any(column.name in named for column in choice.columns)]
    if blamed:
        return any(choice.advance() for choice in blamed)
    advanced = [choice.advance() for choice in choices]
    return any(advanced)
