"""Makes, from the catalog that stands before, the statements that any release may send there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from psycopg import sql

from pgharness.experiments.old_release.baseline import READS, View
from pgharness.records.old_release import OldStatement
from pgharness.rows import Words
from pgharness.rows.row_values import Fullness
from pgharness.rows.sample_rows import Row, SampleRows, Wanted, sample_rows
from pgharness.rows.tables import Column, Table
from pgharness.servers import Connection

KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized view", "S": "sequence"}
# Each row that is tried has a number of its own, behind those that stand already, so that it repeats no key.
SPARSE, EXPLICIT, EDGES, COPIED = (4, Fullness.SPARSE), (5, Fullness.EXPLICIT), (7, Fullness.EDGES), (9, Fullness.FULL)
FIRST_STAYING = 12
# Far behind what any sequence gives here.
EXPLICIT_KEY = 1_500_000
# Oids below are of what came with the server (manual, "System Catalog Initial Data"); only their names mean the same to every driver.
FIRST_OWN_OID = 16_384
# A cast to these without a length would cut the value to one character or bit.
_CUTS = ("bit", "character(", "character[")
# What gives another value each time tells nothing about a default that has changed.
_VOLATILE_DEFAULT = re.compile(r"now\(|nextval|random|uuid|current_|localtime|timestamp\(|clock", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Made:
    """The statements to try, and the inserts that stay: for each window between two revisions, one for each table."""

    statements: tuple[OldStatement, ...]
    staying: tuple[tuple[OldStatement, ...], ...]
    views: Mapping[str, View]


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation as the query gives it; `counted` are the columns of which a sequence gives the value unless a row does."""

    name: str
    kind: str
    definition: str | None
    columns: Sequence[str]
    counted: Sequence[str]
    key: Sequence[str]
    arbiters: Sequence[Mapping[str, Any]]

    @property
    def kind_in_words(self) -> str:
        """The kind in PostgreSQL's words."""
        return KINDS[self.kind]


def read_objects(connection: Connection, leave_out: Collection[str]) -> tuple[list[Relation], list[dict[str, Any]]]:
    """Return the relations and functions of users."""
    row = connection.execute(files(__package__).joinpath("objects.sql").read_bytes()).fetchone()
    assert row is not None
    relations = [Relation(**one) for one in row[0]]
    return [one for one in relations if one.name not in leave_out], row[1]


def make_statements(connection: Connection, leave_out: Collection[str], words: Words, windows: int) -> Made:
    """Return what is to be tried before and after each revision; the database is thrown away afterwards, for rows stay in it.

    `windows` is how many times rows of the release before are to stay.
    """
    relations, functions = read_objects(connection, leave_out)
    staying = [(FIRST_STAYING + at, Fullness.SPARSE if at % 2 == 0 else Fullness.FULL) for at in range(windows)]
    wanted = (SPARSE, EXPLICIT, EDGES, COPIED, *staying)
    taken = {one.table.name: one for one in sample_rows(connection, wanted, leave_out, words)}
    statements = [
        *(one for relation in relations for one in _of_relation(connection, relation, taken)),
        *(one for function in functions for one in _of_function(function)),
    ]
    return Made(
        tuple(statements),
        tuple(tuple(_staying(connection, relations, taken, number)) for number in staying),
        {one.name: View(one.definition.rstrip("; \n"), tuple(one.columns)) for one in relations if one.definition},
    )


def _of_relation(connection: Connection, relation: Relation, taken: Mapping[str, SampleRows]) -> Iterator[OldStatement]:
    kind, name = relation.kind_in_words, relation.name
    if relation.kind == "S":
        yield OldStatement(
            "takes a number", kind, name, f"SELECT nextval({_quoted(connection, name)})", only_parsed=True
        )
        return
    if relation.columns:
        yield OldStatement(READS, kind, name, f"SELECT {', '.join(relation.columns)} FROM {name}")
    else:
        yield OldStatement("reads it", kind, name, f"SELECT FROM {name}")
    sample = taken.get(name)
    if sample is not None:
        made = _Maker(
            connection,
            relation,
            dict(sample.rows),
            sample,
            first_row(connection, sample.table, relation.key),
        )
        yield from made.all()


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the writes of one table."""

    connection: Connection
    relation: Relation
    rows: Mapping[Wanted, Row]
    sample: SampleRows
    first: Row

    def all(self) -> Iterator[OldStatement]:
        """Yield inserts, upserts, updates and a delete."""
        if SPARSE in self.rows:
            required = self._required(self.rows[SPARSE])
            yield self._statement("inserts a row of the required columns", self._insert(required))
            for name in self._defaulted(required):
                text = f"{self._insert(required)} RETURNING {name}"
                yield self._statement(f"reads the default of {name}", text)
        if EXPLICIT in self.rows:
            yield from self._with(self.rows[EXPLICIT])
        if EDGES in self.rows:
            yield self._statement("inserts a row of large values", self._insert(self.rows[EDGES]), is_extreme=True)
        if COPIED in self.rows and self.first:
            yield self._statement("inserts a row like another", self._insert(self._copy(self.rows[COPIED])))

    def _with(self, row: Row) -> Iterator[OldStatement]:
        yield self._statement("inserts a row of all columns", self._insert(row))
        yield self._statement("inserts a row without naming columns", self._by_position(row), is_positional=True)
        if self.relation.counted:
            yield self._statement("inserts a row with its number", self._insert(row, self._numbers()))
        for arbiter in self.relation.arbiters:
            others = [column.name for column in row if column.name not in arbiter["columns"]]
            then = f"UPDATE SET {others[0]} = excluded.{others[0]}" if others else "NOTHING"
            numbers = self._numbers() if set(self.relation.counted) & set(arbiter["columns"]) else {}
            text = f"{self._insert(row, numbers)} ON CONFLICT {arbiter['target']} DO {then}"
            yield self._statement("upserts a row", text, about=arbiter["about"])
        yield from self._changes(row)

    def _changes(self, row: Row) -> Iterator[OldStatement]:
        """Yield updates and the delete of a row that the release before inserts itself."""
        name, key, numbers = self.relation.name, self.relation.key, self._numbers()
        given = {column.name: self._literal(column, value) for column, value in row.items()} | numbers
        if not key or not given.keys() >= set(key):
            return
        there, first = " AND ".join(f"{one} = {given[one]}" for one in key), self._insert(row, numbers)
        for column, value in row.items():
            if column.name not in key:
                text = f"UPDATE {name} SET {column.name} = {self._literal(column, value)} WHERE {there}"
                yield self._statement(f"updates {column.name}", text, first=first)
        yield self._statement("deletes a row", f"DELETE FROM {name} WHERE {there}", first=first)

    def _copy(self, row: Row) -> Row:
        """Return the row with what need not be unique as another row has it."""
        unique = {name for columns in self.sample.table.keys.values() for name in columns}
        referring = {
            name for key in self.sample.table.foreign_keys for name in key.columns if set(key.columns) & unique
        }
        first = {column.name: value for column, value in self.first.items()}
        return {
            column: value if column.name in unique | referring else first.get(column.name, value)
            for column, value in row.items()
        }

    def _required(self, row: Row) -> Row:
        """Return the row without what is NULL if nobody says anything."""
        return {column: value for column, value in row.items() if not (value is None and not column.default)}

    def _defaulted(self, row: Row) -> list[str]:
        """Return the columns that are left to a default which is the same each time."""
        given = {column.name for column in row}
        return [
            column.name
            for column in self.sample.table.columns
            if column.name not in given
            and column.default == "value"
            and not _VOLATILE_DEFAULT.search(column.default_expression or "")
        ]

    def _numbers(self) -> dict[str, str]:
        return {name: str(EXPLICIT_KEY) for name in self.relation.counted}

    def _insert(self, row: Row, numbers: Mapping[str, str] | None = None) -> str:
        return insert_text(self.connection, self.relation.name, row, numbers or {})

    def _by_position(self, row: Row) -> str:
        """Write the insert of a row by the order of the columns, and let it tell what each has got."""
        given = {column.name: self._literal(column, value) for column, value in row.items()} | self._numbers()
        values = ", ".join(given.get(name, "DEFAULT") for name in self.relation.columns)
        return f"INSERT INTO {self.relation.name} VALUES ({values}) RETURNING {', '.join(given)}"

    def _literal(self, column: Column, value: str | None) -> str:
        return _literal(self.connection, column, value)

    def _statement(self, act: str, text: str, **more: Any) -> OldStatement:
        return OldStatement(act, self.relation.kind_in_words, self.relation.name, text, **more)


def insert_text(connection: Connection, name: str, row: Row, numbers: Mapping[str, str]) -> str:
    """Write the insert of a row, each value cast as an ORM casts it."""
    given = {column.name: _literal(connection, column, value) for column, value in row.items()} | dict(numbers)
    if not given:
        return f"INSERT INTO {name} DEFAULT VALUES"
    return f"INSERT INTO {name} ({', '.join(given)}) VALUES ({', '.join(given.values())})"


def _staying(
    connection: Connection, relations: Sequence[Relation], taken: Mapping[str, SampleRows], wanted: Wanted
) -> Iterator[OldStatement]:
    """Yield an insert for each table, parents first."""
    kinds = {one.name: one.kind_in_words for one in relations}
    for name, sample in reversed(list(taken.items())):
        for number, row in sample.rows:
            if number == wanted and name in kinds:
                yield OldStatement("inserts a row", kinds[name], name, insert_text(connection, name, row, {}))


def _of_function(function: Mapping[str, Any]) -> Iterator[OldStatement]:
    name = f"{function['name']}({function['arguments']})"
    types: list[str] = function["types"]
    for left in {0, function["defaults"]}:
        arguments = ", ".join(f"NULL::{one}" for one in types[: len(types) - left])
        yield OldStatement("calls it", "function", name, f"SELECT {function['name']}({arguments})", only_parsed=True)


def first_row(connection: Connection, table: Table, key: Sequence[str]) -> Row:
    """Return the values of the first row by its key, as text; empty where there is none."""
    if not table.columns or not key:
        return {}
    columns = ", ".join(f"{column.name}::text" for column in table.columns)
    query = f"SELECT {columns} FROM {table.name} ORDER BY {', '.join(key)} LIMIT 1"
    row = connection.execute(query.encode()).fetchone()
    return {} if row is None else dict(zip(table.columns, row, strict=True))


def _literal(connection: Connection, column: Column, value: str | None) -> str:
    """Write a value as an ORM sends it: of a type of the server's own with a cast, else as an untyped text."""
    if value is None:
        return "NULL"
    text = _quoted(connection, value)
    if column.type_oid >= FIRST_OWN_OID or column.type_name.startswith(_CUTS):
        return text
    return f"{text}::{re.sub(r'[(][0-9, -]+[)]', '', column.type_name)}"


def _quoted(connection: Connection, text: str) -> str:
    return sql.Literal(text).as_string(connection)
