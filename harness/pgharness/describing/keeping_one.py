"""Writes what keeps one row of each that share what has to be unique, and leads over to it what refers to the others."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.index_shapes import ForeignKey
from pgharness.catalog.names import qualifier, unqualified, unquoted
from pgharness.catalog.proposing.python_words import operation

_UNMARKED = re.compile(r'(?:^|AND )\(\(?("[^"]+"|[\w$]+) IS NULL\)?\)$', re.IGNORECASE)
_MOMENTS = ("timestamp", "date")


def keep_one_of_each(table: str, keys: str, condition: str, foreign_keys: Iterable[ForeignKey]) -> str:
    """Return the operations for the rows of a table that meet the condition and share the keys, as an index names them."""
    children = [one for one in foreign_keys if refers_to(one, table) and one.referred]
    order = ", ".join(children[0].referred) if children else "ctid"
    lines = [_lead_over(child, table, keys, condition, order) for child in children]
    numbered = (
        f"SELECT ctid, row_number() OVER (PARTITION BY {keys} ORDER BY {order}) AS place FROM {table} WHERE {condition}"
    )
    lines.append(f"DELETE FROM {table} WHERE ctid IN (SELECT ctid FROM ({numbered}) AS same WHERE place > 1);")
    return f"keep one row of each first: {'; '.join(operation(line) for line in lines)}"


def mark_all_but_one(table: str, keys: str, condition: str, contents: Snapshot) -> str:
    """Return the operation that marks as gone all but one of the rows that share the keys, which nothing has to be led over for.

    Empty where the condition does not say that they are unique but where a moment is NULL: such as that of a row's deletion.
    """
    marks = _UNMARKED.search(condition)
    if marks is None:
        return ""
    name = unquoted(unqualified(table))
    columns = (
        one
        for one in contents.objects("column")
        if unqualified(one.object) == marks[1] and unquoted(unqualified(qualifier(one.object))) == name
    )
    types = {contents.value(*one, "type") or "" for one in columns}
    if not types or not all(one.startswith(_MOMENTS) for one in types):
        return ""
    numbered = f"SELECT ctid, row_number() OVER (PARTITION BY {keys}) AS place FROM {table} WHERE {condition}"
    same = f"SELECT ctid FROM ({numbered}) AS same WHERE place > 1"
    marked = operation(f"UPDATE {table} SET {marks[1]} = now() WHERE ctid IN ({same});")
    return f"let one of each count first, and the others be marked, which keeps their rows: {marked}"


def refers_to(one: ForeignKey, table: str) -> bool:
    """Whether a foreign key leads to the table that a statement names, maybe without its schema."""
    return one.referenced == table or ("." not in table and unqualified(one.referenced) == table)


def _lead_over(child: ForeignKey, table: str, keys: str, condition: str, order: str) -> str:
    """Write what lets rows of a child refer to the row that is kept."""
    kept = ", ".join(
        f"{column} AS gone_{number}, first_value({column}) OVER (PARTITION BY {keys} ORDER BY {order}) AS kept_{number}"
        for number, column in enumerate(child.referred, start=1)
    )
    numbers = range(1, len(child.referred) + 1)
    sets = ", ".join(f"{column} = kept_{number}" for number, column in zip(numbers, child.columns, strict=True))
    same = " AND ".join(
        f"{unqualified(child.table)}.{column} = gone_{number}"
        for number, column in zip(numbers, child.columns, strict=True)
    )
    is_gone = " OR ".join(f"gone_{number} <> kept_{number}" for number in numbers)
    return f"UPDATE {child.table} SET {sets} FROM (SELECT {kept} FROM {table} WHERE {condition}) AS same WHERE {same} AND ({is_gone});"
