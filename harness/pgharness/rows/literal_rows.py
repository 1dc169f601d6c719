"""Makes rows of the literals that a revision compares or writes, which production may have had before it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from zlib import crc32

import psycopg
from psycopg import sql

from pgharness.rows.column_values import NO_WORDS, ColumnValues, Words
from pgharness.rows.inserting import is_inserted
from pgharness.rows.reading import Connection, look_at_tables, printed, read_tables
from pgharness.rows.revision_read import RevisionText, read_revision
from pgharness.rows.row_values import Chooser
from pgharness.rows.sent import Literal, Sent
from pgharness.rows.sql_read import PLACES, unquoted
from pgharness.rows.tables import Table, bare
from pgharness.rows.type_values import Values

MOST = 8
"""So many rows one table gets for one revision."""
_NUMBER = 9
_VALUES = 60
_OF_TEXTS = ("text", "character", "citext", "name")
_KEYS = {"int2": 20_000, "int4": 1_000_000, "int8": 1_000_000}
_OWN = 9_000
_WORDS = re.compile(r"\w+")
Row = Mapping[str, Literal]
Pair = tuple[str, Literal]


def add_literal_rows(
    connection: Connection, source: str, *, leave_out: Collection[str] = (), words: Words = NO_WORDS
) -> int:
    """Insert rows into tables that hold some, for the text of a revision; return how many.

    The connection is in autocommit mode. Columns for which there are `words` get no others.
    """
    text = read_revision(source)
    if not (text.up or text.down):
        return 0
    named = set(_WORDS.findall(source.lower()))
    found, _ = look_at_tables(connection, leave_out)
    oids = {one.oid: one.name for one in found if not one.is_empty and bare(one.name).lower() in named}
    tables, types = read_tables(connection, oids) if oids else ((), {})
    values = Values(types, count=_VALUES)
    return sum(_added(ColumnValues(connection, table, values, words), rows_of(text, table)) for table in tables)


def rows_of(text: RevisionText, table: Table) -> tuple[Row, ...]:
    """Return what rows are to have, by columns as PostgreSQL prints them; what a revision looks for comes before what it writes.

    Left out is what nobody is likely to have had: a word that upgrade() puts in the place of another one, a row that it seeds, known by its
    unique columns (a row like that would make each revision that seeds fail), and one that downgrade() puts back whole. An empty text is
    nothing that anybody would miss.
    """
    names = {unquoted(one.name): one.name for one in table.columns}
    names |= {place: one.name for place, one in zip(PLACES, table.columns, strict=False)}
    up, down = (tuple(_own(one, table, names)) for one in (text.up, text.down))
    new = {*_new_words(up, table), *_seeded(up, table)}
    restored = [row.items() for one in down for row in one.rows]
    deleted = [
        row for one in up if one.act == "delete" for row in one.met if any(row.items() <= had for had in restored)
    ]
    looked_for = [{**_had(down, row), **row} for one in (*up, *down) for row in one.met if row not in deleted]
    known_by = _known_by(up, table)
    told = [
        row
        for row in (*looked_for, *_written(up, down, table))
        if _is_missed(row) and not new & set(row.items()) and not known_by & row.keys()
    ]
    return tuple(row for place, row in enumerate(told) if row not in told[:place])[:MOST]


def _own(sent: Sequence[Sent], table: Table, names: Mapping[str, str]) -> Iterator[Sent]:
    """Yield what is about a table, or may be, with the columns that it has by now."""
    for one in sent:
        if one.table and one.table.lower() != bare(table.name).lower():
            continue
        met, rows = (tuple(_known(row, names) for row in given) for given in (one.met, one.rows))
        written = {names[name]: values for name, values in one.written.items() if name in names}
        yield Sent(one.act, one.table, tuple(row for row in met if row), written, tuple(row for row in rows if row))


def _known(row: Row, names: Mapping[str, str]) -> Row:
    return {names[name]: value for name, value in row.items() if name in names}


def _known_by(up: Sequence[Sent], table: Table) -> frozenset[str]:
    """Return the columns of which no row is made: numbers that a sequence gives, and what is unique where upgrade() inserts rows itself."""
    numbered = {one.name for one in table.columns if one.default == "sequence"}
    inserts = any(one.act == "insert" for one in up)
    return frozenset({*numbered, *(name for key in table.keys.values() for name in key if inserts)})


def _written(up: Sequence[Sent], down: Sequence[Sent], table: Table) -> Iterator[Row]:
    """Yield each literal that is written to a column by itself, but for unique ones: other rows are to have it."""
    given = [(name, value) for one in (*up, *down) for name, values in one.written.items() for value in values]
    seeded = [pair for one in up for row in one.rows for pair in row.items()]
    yield from ({name: value} for name, value in (*given, *seeded) if not _is_unique(table, name))


def _is_missed(row: Row) -> bool:
    """Whether a row has more than NULL, and no empty text."""
    texts = [value for value in row.values() if value is not None]
    return bool(texts) and all(text.strip() for text in texts)


def _had(down: Sequence[Sent], row: Row) -> Row:
    """Return what downgrade() writes into the rows that it finds so: it is what they are to have had, but for NULL."""
    given = [one.written for one in down if one.act == "update" and row in one.met]
    literals = ((name, values) for written in given for name, values in written.items() if len(values) == 1)
    return {name: values[0] for name, values in literals if name not in row and values[0] is not None}


def _new_words(up: Sequence[Sent], table: Table) -> Iterator[Pair]:
    """Yield what upgrade() puts in the place of other words of the same column, or into one that is unique."""
    asked = {pair for one in up for row in one.met for pair in row.items()}
    for one in up:
        for name, values in one.written.items():
            replaced = any((row.get(name) or "").strip() for row in one.met)
            if replaced or _is_unique(table, name):
                yield from ((name, value) for value in values if (name, value) not in asked)


def _seeded(up: Sequence[Sent], table: Table) -> Iterator[Pair]:
    """Yield by what the rows are known that upgrade() inserts: unique columns of texts, or all that no two of them share where there are none."""
    keys = [columns for columns in table.keys.values() if any(_is_of_texts(table, name) for name in columns)]
    rows = [row for one in up for row in one.rows]
    of_many = {pair for pair, count in Counter(pair for row in rows for pair in row.items()).items() if count > 1}
    for row in rows:
        known_by = {name for columns in keys if set(columns) <= row.keys() for name in columns}
        alone = row.items() - of_many or row.items()
        yield from row.items() & {(name, row[name]) for name in known_by} or alone


def _is_unique(table: Table, name: str) -> bool:
    return (name,) in table.keys.values()


def _is_of_texts(table: Table, name: str) -> bool:
    return name in table.column and table.column[name].type_name.startswith(_OF_TEXTS)


def _added(values: ColumnValues, wanted: Sequence[Row]) -> int:
    chooser, made = Chooser(values, only_wanted=True), 0
    for place, row in enumerate(wanted):
        if _is_told(values, row) and not _stands(values, row):
            tried = ({**_own_keys(values, row), **row}, row)
            made += any(is_inserted(replace(chooser, wanted=one), _NUMBER + place) for one in tried)
    return made


def _own_keys(values: ColumnValues, row: Row) -> Row:
    """Return numbers for the keys that no sequence gives, out of the way of those that revisions write out."""
    table = values.table
    numbered = [
        column
        for column in table.columns
        if _is_unique(table, column.name) and not column.default and values.values.type_name(column.type_oid) in _KEYS
    ]
    own = crc32(repr(sorted(row.items(), key=str)).encode()) % _OWN
    return {column.name: str(_KEYS[values.values.type_name(column.type_oid)] + own) for column in numbered}


def _is_told(values: ColumnValues, row: Row) -> bool:
    """Whether people, or what was learned, say of no column that it holds other values."""
    given = ((value, values.words.get((values.table.name, name))) for name, value in row.items())
    return all(value is None or words is None or value in words for value, words in given)


def _stands(values: ColumnValues, row: Row) -> bool:
    """Whether a row has all of it already, or none can, since a column's type has no such value."""
    conditions = [
        sql.SQL("{} IS NOT DISTINCT FROM CAST(%s AS {})").format(
            printed(name), printed(values.table.column[name].type_name)
        )
        for name in row
    ]
    query = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {})")
    try:
        found = values.connection.execute(
            query.format(printed(values.table.name), sql.SQL(" AND ").join(conditions)), list(row.values())
        ).fetchone()
    except psycopg.Error:
        return True
    return bool(found and found[0])
