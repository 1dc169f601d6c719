"""Puts rows into empty tables, parents first, and mends a row by what the server says against it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import psycopg
from psycopg import errors, pq, sql

from pgharness.rows.column_values import NO_WORDS, ColumnValues, NothingFits, Value, Words
from pgharness.rows.coming import NOTHING, Coming
from pgharness.rows.gaps import leave_gap, sequences_of
from pgharness.rows.labels import missing_labels
from pgharness.rows.new_columns import fill_new_columns
from pgharness.rows.population import Population
from pgharness.rows.reading import Connection, first_line, look_at_tables, printed, read_tables
from pgharness.rows.row_values import Choice, Chooser, Fullness
from pgharness.rows.tables import Column, Table
from pgharness.rows.type_values import Values

# The first row has all its columns, the second as few as it may, the third even those that have defaults, the fourth large values.
FULLNESS = (Fullness.FULL, Fullness.SPARSE, Fullness.EXPLICIT, Fullness.EDGES)
# More rows than this are not made so that each label of an enum occurs.
MOST_FOR_LABELS = 40
ATTEMPTS = 120
NO_WIDTHS: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Filling:
    """What was done: rows made by table, and the tables for which none could be made, each with the reason.

    `widths` are the numbers of columns, by the table's oid, that were ever made there.
    """

    filled: Mapping[str, int]
    unfilled: tuple[tuple[str, str], ...]
    widths: Mapping[int, int] = field(default_factory=dict, compare=False)


def fill_empty_tables(
    connection: Connection,
    *,
    rows_per_table: int,
    leave_out: Collection[str] = (),
    widths: Mapping[int, int] = NO_WIDTHS,
    words: Words = NO_WORDS,
    population: Population = Population.VARIED,
    coming: Coming = NOTHING,
) -> Filling:
    """Fill each table without rows with `rows_per_table` of them, and more where an enum has more labels and rows are to be varied.

    Tables that hold rows get no more; but columns that were added since they had `widths` are filled where they are NULL, in most rows.

    The connection is in autocommit mode: each row is committed by itself. Values are the same on every run. `leave_out`
    holds names of tables as PostgreSQL prints them, such as `public.alembic_version`. Columns for which there are `words` get no others. What
    `coming` revisions fill themselves stays as it is.
    """
    found, unfilled = look_at_tables(connection, leave_out)
    empty = {one.oid: one.name for one in found if one.is_empty and not coming.fills_table(one.name)}
    wider = {one.oid: one.name for one in found if not one.is_empty and widths.get(one.oid, one.width) < one.width}
    new_widths = {one.oid: one.width for one in found}
    if not empty and not wider:
        return Filling({}, tuple(sorted(unfilled.items())), new_widths)
    tables, types = read_tables(connection, {**empty, **wider})
    values = Values(types, count=2 * rows_per_table + 6 + max((len(one.labels) for one in types.values()), default=0))
    is_plain = population is Population.PLAIN
    for oid, name in wider.items():
        (table,) = (one for one in tables if one.name == name)
        chooser = Chooser(ColumnValues(connection, table, values, words), all_differ=is_plain)
        fill_new_columns(chooser, behind=widths[oid], coming=coming)
    tables = tuple(table for table in tables if table.name in empty.values())
    filled: dict[str, int] = {}
    for table in parents_first(tables):
        looked_for = [one.name for one in table.columns if is_plain and coming.looks_for_null(table.name, one.name)]
        chooser = Chooser(
            ColumnValues(connection, table, values, words), all_differ=is_plain, may_be_null=frozenset(looked_for)
        )
        made, reason = _fill(chooser, rows_per_table)
        if made:
            filled[table.name] = made
        else:
            unfilled[table.name] = reason
    return Filling(filled, tuple(sorted(unfilled.items())), new_widths)


def parents_first(tables: Collection[Table]) -> list[Table]:
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
    numbered = () if chooser.all_differ else sequences_of(chooser.column_values.connection, chooser.table)
    made, reason = _insert_at_once(chooser, rows, numbered), ""
    for number in range(made, rows):
        leave_gap(chooser.column_values.connection, chooser.table, numbered, number)
        try:
            insert_fitting(chooser, number, _fullness(chooser, number))
            made += 1
        except NothingFits as nothing:
            reason = reason or str(nothing)
    has_all_kinds = made and not chooser.all_differ and rows >= len(FULLNESS)
    return made + (_add_labels(chooser, rows) if has_all_kinds else 0), reason


def _fullness(chooser: Chooser, number: int) -> Fullness:
    """Return how full a row is; where all are to differ, one alone has what is the same wherever it stands."""
    if chooser.all_differ:
        return Fullness.EXPLICIT if number else Fullness.FINE
    return FULLNESS[number % len(FULLNESS)]


def _add_labels(chooser: Chooser, rows: int) -> int:
    """Insert rows with the labels that none has yet, one of each column in a row, and return how many."""
    missing = missing_labels(chooser)
    made = 0
    for place in range(min(max(map(len, missing.values()), default=0), MOST_FOR_LABELS)):
        wanted = {name: labels[place] for name, labels in missing.items() if place < len(labels)}
        with suppress(NothingFits):  # other columns may keep a label from occurring, and need not be known here
            insert_fitting(replace(chooser, wanted=wanted), rows + place, Fullness.EXPLICIT)
            made += 1
    return made


def _insert_at_once(chooser: Chooser, rows: int, numbered: Sequence[str]) -> int:
    """Insert rows in one round trip, each still in a transaction of its own; give how many were, up to the first that is refused.

    Not where rows refer to their own table, for there the values of one may depend on the one before. Nothing is prepared: what
    follows a refusal in a pipeline is not carried out, and psycopg would take it for prepared.
    """
    if any(key.referred_table == chooser.table.name for key in chooser.table.foreign_keys):
        return 0
    try:
        chosen = [chooser.choices(number, _fullness(chooser, number)) for number in range(rows)]
    except NothingFits:
        return 0
    connection = chooser.column_values.connection
    commits = []
    # A refusal is told again, and answered, where the row is inserted alone. Within the pipeline too: what leaves it as an error makes
    # psycopg log what the pipeline raises besides at its end.
    with suppress(psycopg.Error), connection.pipeline(), suppress(psycopg.Error):
        for number, choices in enumerate(chosen):
            leave_gap(connection, chooser.table, numbered, number)
            connection.execute("BEGIN", prepare=False)
            _insert(connection, chooser.table, choices)
            commits.append(connection.execute("COMMIT", prepare=False))
    if connection.info.transaction_status == pq.TransactionStatus.INERROR:
        # Not Connection.rollback(), with which psycopg throws its prepared statements away: those that read catalogs are dear.
        connection.pgconn.exec_(b"ROLLBACK")
    return sum(commit.statusmessage == "COMMIT" for commit in commits)


def insert_fitting(chooser: Chooser, number: int, fullness: Fullness) -> dict[Column, Value]:
    """Insert one row, taking other values where the server refuses it, and return it. Raises NothingFits with the server's last word."""
    choices = chooser.choices(number, fullness)
    for _ in range(ATTEMPTS):
        try:
            row = _insert(chooser.column_values.connection, chooser.table, choices)
        except (psycopg.errors.IntegrityError, errors.RaiseException, errors.DataError) as error:
            refusal = error
        except psycopg.Error as error:
            raise NothingFits(first_line(error)) from error
        else:
            return row
        if not _advance(chooser.table, choices, refusal):
            break
    raise NothingFits(first_line(refusal)) from refusal


def is_inserted(chooser: Chooser, number: int) -> bool:
    """Insert one row with all of its columns, and say whether the server takes one."""
    with suppress(NothingFits):
        insert_fitting(chooser, number, Fullness.EXPLICIT)
        return True
    return False


def _insert(connection: Connection, table: Table, choices: Collection[Choice]) -> dict[Column, Value]:
    row = dict(pair for choice in choices for pair in choice.current)
    given = {column.name: value for column, value in row.items()}
    if not given:
        connection.execute(sql.SQL("INSERT INTO {} DEFAULT VALUES").format(printed(table.name)), (), prepare=False)
        return row
    statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
        printed(table.name),
        sql.SQL(", ").join(printed(name) for name in given),
        sql.SQL(", ").join([sql.Placeholder()] * len(given)),
    )
    connection.execute(statement, list(given.values()), prepare=False)
    return row


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
