"""Makes single rows that a table takes, of each fullness, and tells what they hold."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgharness.rows.column_values import NO_WORDS, ColumnValues, NothingFits, Value, Words
from pgharness.rows.inserting import insert_fitting, parents_first
from pgharness.rows.reading import Connection, look_at_tables, read_tables
from pgharness.rows.row_values import Chooser, Fullness
from pgharness.rows.tables import Column, Table
from pgharness.rows.type_values import Values

Row = Mapping[Column, Value]
Wanted = tuple[int, Fullness]
"""A row's number, from which its values follow, and how full it is."""


@dataclass(frozen=True, slots=True)
class SampleRows:
    """The rows that a table took, in the order in which they were wanted; those that it refused are left out."""

    table: Table
    rows: tuple[tuple[Wanted, Row], ...]


def add_rows_to_parents(
    connection: Connection, wanted: Sequence[Wanted], leave_out: Collection[str], words: Words = NO_WORDS
) -> None:
    """Insert further rows into all tables that others refer to, parents first, so that each can have more children."""
    choosers = _choosers(connection, leave_out, words, len(wanted))
    referred = {key.referred_table for one in choosers.values() for key in one.table.foreign_keys}
    for table in parents_first([one.table for one in choosers.values()]):
        if table.name in referred:
            for _ in _taken(choosers[table.name], wanted):
                pass


def sample_rows(
    connection: Connection, wanted: Sequence[Wanted], leave_out: Collection[str], words: Words = NO_WORDS
) -> Iterator[SampleRows]:
    """Insert rows into every table and tell what they hold, children first, so that none refers to a row that was made here.

    The connection is in autocommit mode, and the rows stay: this is for a database that is thrown away.
    """
    choosers = _choosers(connection, leave_out, words, len(wanted))
    for table in reversed(parents_first([one.table for one in choosers.values()])):
        yield SampleRows(table, tuple(_taken(choosers[table.name], wanted)))


def _choosers(connection: Connection, leave_out: Collection[str], words: Words, count: int) -> dict[str, Chooser]:
    found, _ = look_at_tables(connection, leave_out)
    tables, types = read_tables(connection, {one.oid: one.name for one in found})
    # As many as there may be rows of before, and as are wanted, each with a value of its own.
    values = Values(types, count=3 * count + 24)
    return {table.name: Chooser(ColumnValues(connection, table, values, words)) for table in tables}


def _taken(chooser: Chooser, wanted: Sequence[Wanted]) -> Iterator[tuple[Wanted, Row]]:
    for number, fullness in wanted:
        with contextlib.suppress(NothingFits):
            yield (number, fullness), insert_fitting(chooser, number, fullness)
