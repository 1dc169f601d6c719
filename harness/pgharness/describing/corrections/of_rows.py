"""Where rows are in the way of a statement, or a row of its own is refused (classes 22 and 23)."""

from __future__ import annotations

import re

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.index_shapes import read_foreign_keys
from pgharness.catalog.names import FULL_NAME, NAME, unqualified, unquoted
from pgharness.catalog.proposing.filling import default_for, neutral_of
from pgharness.catalog.rendering.arrangement import Arrangement
from pgharness.catalog.rendering.parts import Contents
from pgharness.describing.corrections.failing import Failing
from pgharness.describing.keeping_one import keep_one_of_each
from pgharness.describing.rows_at_fault import ALTERED, RowsAtFault, rows_at_fault
from pgharness.records.steps import Failure

_ADDED = re.compile(
    rf"\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?P<column>{NAME})\s+(?P<type>[\w ]+?(?:\([\d, ]+\))?)\s+NOT\s+NULL$",
    re.IGNORECASE,
)
_SET_NOT_NULL = re.compile(rf"\bALTER\s+(?:COLUMN\s+)?({NAME})\s+SET\s+NOT\s+NULL\s*$", re.IGNORECASE)
_ONE_ROW = re.compile(
    rf"(?P<begin>\s*INSERT\s+INTO\s+(?P<table>{FULL_NAME})\s*)\((?P<names>[^()]*)\)\s*VALUES\s*\((?P<values>[^()]*)\)\s*$",
    re.IGNORECASE,
)
_DELETED = re.compile(rf"\s*DELETE\s+FROM\s+({FULL_NAME})(?:\s+WHERE\s+(.+))?$", re.IGNORECASE | re.DOTALL)
_COUNTS = re.compile(r"SELECT count\(\*\) FROM (?P<table>.+?) WHERE (?P<condition>.+)", re.DOTALL)
_KEY = re.compile(r'Key \((?P<columns>[^()]+)\)=\((?P<values>[^()]+)\) is not present in table "(?P<parent>[^"]+)"')
_FITS = "with another value where that fits better"


def without_value(failing: Failing) -> str:
    """Give a value to rows that have none."""
    if (added := _ADDED.search(failing.sql)) is not None:
        return _added_with_default(failing, added["column"], neutral_of(_contents(failing.before), added["type"]))
    if (forbids := _SET_NOT_NULL.search(failing.sql)) is not None:
        column = failing.column(failing.altered, forbids[1])
        known = default_for(_contents(failing.before), column) if column is not None else None
        filled = f"UPDATE {failing.altered} SET {forbids[1]} = {known} WHERE {forbids[1]} IS NULL"
        return f"{failing.before_it(filled)}, {_FITS}" if known and failing.line else ""
    return _inserted_with_value(failing)


def _added_with_default(failing: Failing, column: str, value: str | None) -> str:
    """Give the new column a default; on the way back only until the rows have it, for the catalog before had none."""
    added = f"{failing.sql} DEFAULT {value}"
    taken = f"ALTER TABLE {failing.altered} ALTER COLUMN {column} DROP DEFAULT"
    typed = failing.in_its_place(added, *([taken] if failing.is_back else [])) if value else ""
    return f"{typed}, {_FITS}{'' if failing.is_back else ', and in the model the same server_default'}" if typed else ""


def _inserted_with_value(failing: Failing) -> str:
    row = _ONE_ROW.match(failing.sql)
    lacking = re.search(r'null value in column "([^"]+)"', failing.message)
    if row is None or lacking is None or lacking[1] in {unquoted(one.strip()) for one in row["names"].split(",")}:
        return ""
    column = failing.column(row["table"], lacking[1])
    value = default_for(_contents(failing.before), column) if column is not None else None
    if not value or column is None:
        return ""
    values = f"({row['names']}, {unqualified(column.object)}) VALUES ({row['values']}, {value})"
    typed = failing.in_its_place(f"{row['begin']}{values}")
    return f"{typed}, {_FITS}" if typed else ""


def shared_key(failing: Failing) -> str:
    """Let a row that is there stay, or keep one row of those that share what is to be unique."""
    key = re.search(r"Key (\([^)]*\))=", failing.message)
    if re.match(r"\s*INSERT\b", failing.sql, re.IGNORECASE):
        can_say = key is not None and not re.search(r"\bON\s+CONFLICT\b|\bRETURNING\b", failing.sql, re.IGNORECASE)
        return failing.in_its_place(f"{failing.sql} ON CONFLICT {key[1]} DO NOTHING") if can_say and key else ""
    found = _at_fault(failing, "23505")
    if found is None or not (found.keys and failing.line):
        return ""
    kept = keep_one_of_each(found.table, found.keys, found.condition, read_foreign_keys(failing.before))
    return f"before line {failing.line} of {failing.path} {kept}"


def without_parent(failing: Failing) -> str:
    """Write the row that is referred to, or take away those that refer to none, or to one that goes."""
    if (deleted := _DELETED.match(failing.sql)) is not None:
        return _children_first(failing, deleted[1], deleted[2])
    if re.match(r"\s*(?:INSERT|UPDATE)\b", failing.sql, re.IGNORECASE):
        return _parent_first(failing)
    return _deleted(failing, "23503")


def _children_first(failing: Failing, table: str, condition: str | None) -> str:
    child = re.search(r'is still referenced from table "([^"]+)"', failing.message)
    for key in read_foreign_keys(failing.before) if child is not None else ():
        is_it = unquoted(unqualified(key.table)) == child[1] if child is not None else False
        if is_it and unquoted(unqualified(key.referenced)) == unquoted(unqualified(table)) and key.referred:
            referred = f"SELECT {', '.join(key.referred)} FROM {table}{f' WHERE {condition}' if condition else ''}"
            typed = failing.before_it(f"DELETE FROM {key.table} WHERE ({', '.join(key.columns)}) IN ({referred})")
            return f"{typed}, where these may go too" if typed else ""
    return ""


def _parent_first(failing: Failing) -> str:
    """Write the parent, where its key is all that it has to have."""
    found = _KEY.search(failing.message)
    parent = failing.key("table", found["parent"]) if found is not None else None
    if found is None or parent is None:
        return ""
    key = next(
        (
            one
            for one in read_foreign_keys(failing.before)
            if ", ".join(one.columns) == found["columns"] and one.referenced == parent.object
        ),
        None,
    )
    value = failing.before.value
    needed = {
        unqualified(one.object)
        for one in failing.columns(parent)
        if value(*one, "not null") is not None
        and {value(*one, name) for name in ("default", "identity", "generated")} == {None}
    }
    if key is None or not needed <= {*key.referred}:
        return ""
    values = ", ".join(f"'{one}'" for one in found["values"].split(", "))
    return failing.before_it(f"INSERT INTO {parent.object} ({', '.join(key.referred)}) VALUES ({values})")


def violating(failing: Failing) -> str:
    """Take away the rows that a CHECK refuses."""
    return _deleted(failing, "23514")


def _deleted(failing: Failing, sqlstate: str) -> str:
    """Write what deletes the rows at fault, and otherwise lets the constraint wait until they are cleaned."""
    found = _at_fault(failing, sqlstate)
    counts = _COUNTS.fullmatch(found.query) if found is not None else None
    if counts is None:
        return ""
    typed = failing.before_it(f"DELETE FROM {counts['table']} WHERE {counts['condition']}")
    later = "" if "NOT VALID" in failing.sql.upper() else failing.in_its_place(f"{failing.sql} NOT VALID")
    said = f"{typed}, where such rows may go, else an UPDATE that gives them what fits" if typed else ""
    return f"{said}; or {later}, and VALIDATE CONSTRAINT in a later revision" if said and later else said


def too_long(failing: Failing) -> str:
    """Cut texts off before their column gets shorter."""
    altered = ALTERED.search(failing.sql)
    limit = re.search(r"character(?: varying)?\((\d+)\)", failing.message)
    if altered is None or limit is None or not failing.altered:
        return ""
    column = altered[1]
    cut = f"UPDATE {failing.altered} SET {column} = left({column}, {limit[1]}) WHERE length({column}) > {limit[1]}"
    return f"{failing.before_it(cut)}, where the rest of a text may go" if failing.line else ""


def _at_fault(failing: Failing, sqlstate: str) -> RowsAtFault | None:
    return rows_at_fault(Failure("", failing.message, failing.sql, sqlstate))


def _contents(snapshot: Snapshot) -> Contents:
    return Contents(Arrangement(snapshot))
