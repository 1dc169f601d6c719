"""Learns what a text column is meant to hold, from what the server, or the code of a later revision, fails to read it as."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pgharness.rows.column_values import ColumnValues, NothingFits, Words
from pgharness.rows.hints import Hints, hints_of
from pgharness.rows.reading import Connection, look_at_tables, printed, read_tables, read_type
from pgharness.rows.reading_code import CodeReading, read_as
from pgharness.rows.tables import Column, DataType, Table
from pgharness.rows.type_values import TEXT_TYPES, Values

_UNREADABLE = re.compile(r'invalid input \w+ for (?:enum|type) ([^:\n]+?)(?:: "(.*)"|\n.*Token "(.+?)")', re.DOTALL)
_VIOLATED = re.compile(r'check constraint "(.+?)" of relation|violates check constraint "(.+?)"')
MOST = 30
# What Python says of a text that it cannot read, and the type that it was to be read as.
_READ_BY_PYTHON = (
    # A day is no moment, and a moment no day: the second lesson has the other one.
    (re.compile(r"Invalid isoformat string: '(\d{4}-\d\d-\d\d .*)'"), "date"),
    (re.compile(r"Invalid isoformat string: '(?!\d{4}-\d\d-\d\d )(.*)'"), "timestamp"),
    (re.compile(r"invalid literal for int\(\) with base 10: '(.*)'"), "bigint"),
    (re.compile(r"could not convert string to float: '(.*)'"), "double precision"),
)
# Of these it does not say which text it was.
_UNSAID = {"JSONDecodeError": "json", "InvalidOperation": "numeric", "badly formed hexadecimal UUID string": "uuid"}
# What SQLAlchemy says of a text that is none of an enum's, which it does not make a type.
_NO_LABEL = re.compile(
    r"'(?P<text>.*)' is not among the defined enum values\. Enum name: .*\. Possible values: (?P<labels>.+)"
)
# What a program gets as a text or as bytes.
_READ_AS_TEXT = (*TEXT_TYPES, "bytea")
_WORD = re.compile(r'"(?:[^"]|"")+"|[\w$]+')


@dataclass(frozen=True, slots=True)
class Suspect:
    """A column that holds a text which was to be read as `type_name`, or was to be one of `texts`; or only the constraint that rows violate."""

    table: str = ""
    column: str = ""
    type_name: str = ""
    constraint: str = ""
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raised:
    """Where Python raised something: the class of it, the text of the file, and its lines on the way, outermost first."""

    error: str = ""
    source: str = ""
    lines: tuple[int, ...] = ()

    @property
    def code(self) -> str:
        """The line that raised it."""
        return (self.source.splitlines()[self.lines[-1] - 1 : self.lines[-1]] or [""])[0] if self.lines else ""


def suspects(
    connection: Connection, message: str, *, raised: Raised | None = None, statement: str | None = None
) -> tuple[Suspect, ...]:
    """Return the columns that hold what could not be read, on the database where it could not; `statement` is the last one that was sent."""
    violated = _VIOLATED.search(message)
    if violated is not None:
        return (Suspect(constraint=violated[1] or violated[2]),)
    unreadable = _UNREADABLE.search(message)
    if unreadable is None:
        return tuple(_unread_by_python(connection, message, raised or Raised(), statement or ""))
    text = unreadable[2] or unreadable[3]
    return tuple(
        Suspect(table.name, column.name, unreadable[1])
        for table, column in _text_columns(connection)
        if not _is_listed(table, column) and _holds(connection, table, column, text)
    )


def _unread_by_python(connection: Connection, message: str, raised: Raised, statement: str) -> Iterator[Suspect]:
    """Yield the columns whose text Python could not read: as the code tells, as its message does where that names the text, or all that is read."""
    read = tuple(_told_by_code(connection, raised, statement)) if raised.lines else ()
    named = tuple(_told_by_message(connection, message))
    places = {(one.table, one.column) for one in read}
    yield from read
    yield from (one for one in named if (one.table, one.column) not in places)
    if not read and not named:
        yield from _told_by_error(connection, message, raised, statement)


def _told_by_message(connection: Connection, message: str) -> Iterator[Suspect]:
    """Yield the columns that hold the text that a message names."""
    said: list[tuple[str, str, tuple[str, ...]]] = [
        (found[1], type_name, ()) for words, type_name in _READ_BY_PYTHON if (found := words.search(message))
    ]
    if labels := _NO_LABEL.search(message):
        said.append(
            (labels["text"], "", tuple(one for one in labels["labels"].split(", ") if one not in {"...", ".."}))
        )
    for table, column in _text_columns(connection) if said else ():
        if _is_listed(table, column):
            continue
        for text, type_name, texts in said:
            if _holds(connection, table, column, text):
                yield Suspect(table.name, column.name, type_name, texts=texts)


def _told_by_error(connection: Connection, message: str, raised: Raised, statement: str) -> Iterator[Suspect]:
    """Yield the columns that the statement reads, of an error that says what a text should have been, and not which one it was."""
    unsaid = next((type_name for words, type_name in _UNSAID.items() if words in (raised.error, message)), "")
    columns = list(_text_columns(connection)) if unsaid else []
    read = [one for one in columns if _reads(statement, *one) and not _is_listed(*one)]
    named = [one for one in read if one[1].name in _WORD.findall(raised.code)]
    for table, column in named or read:
        yield Suspect(table.name, column.name, unsaid)


def _told_by_code(connection: Connection, raised: Raised, statement: str) -> Iterator[Suspect]:
    """Yield the columns that the code reads, where it tells as what: each of those that a line reads, or a loop, has its own."""
    found = read_as(raised.source, raised.lines)
    tables, types = _tables(connection) if found else ((), {})
    asked = [table for table in tables if _is_named(table, statement)] or [
        table for table in tables if _is_named(table, raised.source)
    ]
    seen: set[tuple[str, str]] = set()
    for table in asked:
        for column in table.columns:
            for one in found:
                is_read = column.name.strip('"') in one.names and _may_hold(types[column.type_oid].name, one)
                if is_read and (table.name, column.name) not in seen and not _is_listed(table, column):
                    seen.add((table.name, column.name))
                    yield Suspect(table.name, column.name, one.type_name, texts=one.texts)


def _is_listed(table: Table, column: Column) -> bool:
    """Whether a condition of the schema lists the texts of a column, so that each of them is one that production may hold."""
    alone = [one.expression for one in table.conditions if one.columns == (column.name,)]
    return len(hints_of(alone).strings) > 1


def _may_hold(type_name: str, reading: CodeReading) -> bool:
    """Whether a column of a type has such values: texts, or numbers that the code looks up."""
    is_looked_up = bool(reading.texts) and all(one.lstrip("-").isdigit() for one in reading.texts)
    return type_name in _READ_AS_TEXT or (type_name in ("int2", "int4", "int8") and is_looked_up)


def _is_named(table: Table, text: str) -> bool:
    return table.name.rpartition(".")[2].strip('"') in {one.strip('"') for one in _WORD.findall(text)}


def _reads(statement: str, table: Table, column: Column) -> bool:
    """Whether a statement names a table and its column, or all of its columns."""
    words = set(_WORD.findall(statement))
    names = {table.name.rpartition(".")[2], table.name}
    return bool(words & names) and (
        column.name in words or re.search(r"\bSELECT\s+(?:\w+\.)?\*", statement, re.IGNORECASE) is not None
    )


def learn(connection: Connection, found: Sequence[Suspect]) -> Words:
    """Return the words for these columns, on a database where the revision has passed, for there its types and conditions stand."""
    words: dict[tuple[str, str], tuple[str, ...]] = {}
    for suspect in found:
        words.update(_of_constraint(connection, suspect) if suspect.constraint else _of_type(connection, suspect))
    return words


def _of_type(connection: Connection, suspect: Suspect) -> Words:
    if suspect.texts:
        return {(suspect.table, suspect.column): suspect.texts}
    known = _type_now(connection, suspect) or read_type(connection, suspect.type_name)
    if known is None:
        return {}
    oid, types = known
    label = suspect.column.strip('"')
    texts = Values(types, count=MOST).candidates(oid, -1, label, Hints())
    return {(suspect.table, suspect.column): texts[:MOST]} if texts else {}


def _type_now(connection: Connection, suspect: Suspect) -> tuple[int, Mapping[int, DataType]] | None:
    """Return the type that the column has got, where it is no text any more: another column may have held the text that was unreadable."""
    tables, types = _tables(connection)
    for table in tables:
        if table.name == suspect.table and suspect.column in table.column:
            oid = table.column[suspect.column].type_oid
            return None if types[oid].name in TEXT_TYPES else (oid, types)
    return None


def _of_constraint(connection: Connection, suspect: Suspect) -> Words:
    """Return what fits a condition that names texts or patterns; one about lengths or numbers is a matter of the rows."""
    words: dict[tuple[str, str], tuple[str, ...]] = {}
    tables, types = _tables(connection)
    for table in tables:
        for condition in table.conditions:
            hints = hints_of([condition.expression])
            if condition.name.strip('"') != suspect.constraint or not (hints.strings or hints.regexes or hints.likes):
                continue
            values = ColumnValues(connection, table, Values(types, count=MOST))
            for name in condition.columns:
                if types[table.column[name].type_oid].name in TEXT_TYPES:
                    words[table.name, name] = _fitting(values, table.column[name], condition.expression)
    return {place: texts for place, texts in words.items() if texts}


def _fitting(values: ColumnValues, column: Column, expression: str) -> tuple[str, ...]:
    try:
        fitting = values.fitting(column, [expression])
    except NothingFits:
        return ()
    return tuple(value for value in fitting if value is not None)[:MOST]


def _tables(connection: Connection) -> tuple[tuple[Table, ...], Mapping[int, DataType]]:
    found, _ = look_at_tables(connection, ())
    return read_tables(connection, {one.oid: one.name for one in found})


def _text_columns(connection: Connection) -> Iterator[tuple[Table, Column]]:
    tables, types = _tables(connection)
    for table in tables:
        for column in table.columns:
            if types[column.type_oid].name in TEXT_TYPES:
                yield table, column


def _holds(connection: Connection, table: Table, column: Column, text: str) -> bool:
    """Whether a row has this text, or one that begins with it."""
    query = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE starts_with({}::text, %s))")
    try:
        row = connection.execute(query.format(printed(table.name), printed(column.name)), (text,)).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])
