"""Says how a column that may be NULL in no row comes to tables with rows: with a default that the model has too, or filled and proven in steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.index_shapes import read_foreign_keys, read_indexes
from pgharness.catalog.named import column_named
from pgharness.catalog.names import FULL_NAME, NAME, unqualified, unquoted
from pgharness.catalog.proposing.columns_while_serving import forbidding_null
from pgharness.catalog.proposing.filling import neutral_of
from pgharness.catalog.proposing.python_words import Apart, operation, sql_text
from pgharness.catalog.rendering.arrangement import Arrangement
from pgharness.catalog.rendering.parts import Contents
from pgharness.describing.in_steps import in_steps
from pgharness.records.statements import Statement
from pgharness.records.steps import Failure

_TABLE = rf"\s*ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>{FULL_NAME})\s+"
# A type alone: what constrains the column besides may take no value that is the same in all rows.
_ADDS = re.compile(
    rf"{_TABLE}ADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?P<column>{NAME})\s+"
    rf"(?P<type>(?:{NAME}\.)?(?:\"[^\"]+\"|\w+(?:\s+(?:varying|precision))?)\s*(?:\([\d,\s]+\))?(?:\s+with(?:out)?\s+time\s+zone)?(?:\[\])?)"
    rf"\s+NOT\s+NULL(?P<refers>\s+REFERENCES\s+(?P<parent>{FULL_NAME})(?:(?!\bADD\b).)+?)?\s*;?\s*",
    re.IGNORECASE,
)
_SETS = re.compile(rf"{_TABLE}ALTER\s+(?:COLUMN\s+)?(?P<column>{NAME})\s+SET\s+NOT\s+NULL\s*;?\s*", re.IGNORECASE)
_UNKNOWN = "<value>"


@dataclass(frozen=True, slots=True)
class _Column:
    table: str
    name: str
    type: str
    value: str


def mend_null(
    failure: Failure,
    path: str,
    before: Snapshot | None,
    after: Snapshot | None = None,
    sent: Sequence[Statement] = (),
) -> str:
    """Return what to type where a statement that forbids NULL fails on rows; empty where it does more than that.

    What the revision does besides, such as a type that it makes or a foreign key that it adds, is in the catalog `after` it, and in all that was
    `sent`: what the same line sends behind the statement stands in its place too.
    """
    statement = " ".join((failure.statement or "").split())
    line = failure.line_in(path)
    place = f"in place of line {line} of {path}" if line else ""
    if added := _ADDS.fullmatch(statement):
        column = _Column(added["table"], added["column"], added["type"], _value(added["type"], after or before))
        refers = f"ALTER TABLE {column.table} ADD FOREIGN KEY ({column.name}){added['refers']}"
        rest = [refers] * (added["refers"] is not None) + _sent_behind(statement, path, line, sent)
        behind = tuple(step for one in rest for step in in_steps(one))
        parent = f"<a key of {added['parent']}>" if added["refers"] is not None else ""
        if own := _own_value(added["table"], added["column"], after) or parent:
            return _filled(replace(column, value=own), place, behind)
        return _added(column, place, behind)
    if altered := _SETS.fullmatch(statement):
        proven = _block(*_proven(_altered(altered, before)))
        return f"fill the column, and prove that it is filled before NULL is forbidden, {_apart(place)}:\n{proven}"
    return ""


def _sent_behind(statement: str, path: str, line: int | None, sent: Sequence[Statement]) -> list[str]:
    """Return what the line of a statement sends behind it, such as the foreign key of a column that it adds."""
    own = [" ".join(one.sql.split()) for one in sent if line and (one.file, one.line) == (path, line)]
    return own[own.index(statement) + 1 :] if own.count(statement) == 1 else []


def _added(column: _Column, place: str, behind: tuple[str, ...]) -> str:
    alter = f"ALTER TABLE {column.table}"
    declared = f"in the model: server_default={sql_text(column.value)}"
    default = f"{alter} ALTER COLUMN {column.name} SET DEFAULT {column.value}"
    steps = _block(f"{alter} ADD COLUMN IF NOT EXISTS {column.name} {column.type}", default, *_proven(column), *behind)
    in_steps = f"{_apart(place)}:\n{steps}\nand {declared}"
    if "gen_random_uuid" in column.value or behind:  # each row would be written anew for it, or looked through
        return in_steps
    added = operation(f"{alter} ADD COLUMN {column.name} {column.type} DEFAULT {column.value} NOT NULL")
    before = f"{place}: " if place else ""
    return f"{before}{added}; and {declared}, in both with what fits better; or, where rows that are there get values of their own, {in_steps}"


def _filled(column: _Column, place: str, behind: tuple[str, ...]) -> str:
    """Return the steps for a column that no default fits."""
    added = f"ALTER TABLE {column.table} ADD COLUMN IF NOT EXISTS {column.name} {column.type}"
    return (
        f"add the column, let your program or the revision fill it, and prove that it is filled before NULL is forbidden, {_apart(place)}:\n"
        f"{_block(added, *_proven(column), *behind)}"
    )


def _own_value(table: str, column: str, after: Snapshot | None) -> str:
    """Return what stands for the value of a row of its own, where a key refers to another table or the column by itself is unique; else empty."""
    if after is None:
        return ""

    def is_it(full: str, columns: tuple[str, ...]) -> bool:
        is_table = unquoted(unqualified(full)) == unquoted(unqualified(table))
        return is_table and tuple(map(unquoted, columns)) == (unquoted(column),)

    for key in read_foreign_keys(after):
        if is_it(key.table, key.columns):
            return f"<a key of {key.referenced}>"
    is_unique = any(one.is_unique and is_it(one.table, one.expressions) for one in read_indexes(after))
    return "<a value of its own>" if is_unique else ""


def _apart(place: str) -> str:
    """Return where a block stands, which commits what stands before it too."""
    return f"{place or 'in place of it'}, in a revision of its own where that does more"


def _proven(column: _Column) -> tuple[str, ...]:
    """Return the statements that fill a column, and forbid NULL in it then."""
    fits = "" if column.value.startswith("<") else " /* or what fits */"
    filled = f"UPDATE {column.table} SET {column.name} = {column.value}{fits} WHERE {column.name} IS NULL"
    return filled, *forbidding_null(column.table, column.name)


def _block(*statements: str) -> str:
    return operation(Apart("", *statements))


def _altered(altered: re.Match[str], before: Snapshot | None) -> _Column:
    """Return a column that is there, with what its type and default are, where the catalog `before` the revision has it."""
    table, name = altered["table"], altered["column"]
    key = column_named(before, table, name) if before is not None else None
    if before is None or key is None:
        return _Column(table, name, "", _UNKNOWN)
    type_, default = before.value(*key, "type") or "", before.value(*key, "default")
    return _Column(table, name, type_, default or _value(type_, before))


def _value(written: str, catalog: Snapshot | None) -> str:
    """Return a value of a type that says nothing; a placeholder where none is known."""
    return neutral_of(Contents(Arrangement(catalog or Snapshot({}, 0))), written) or _UNKNOWN
