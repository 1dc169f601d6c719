"""Writes how a revision keeps what it changes for its way back, and what takes away the rows that it makes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence

from pgharness.catalog.identifiers import quoted
from pgharness.catalog.names import qualifier, unqualified, unquoted
from pgharness.catalog.proposing.python_words import operation
from pgharness.catalog.rendering.parts import literal
from pgharness.describing.toml_words import ignore_rules
from pgharness.records.contents import StoredColumn, TableContents
from pgharness.records.made_anew import is_of_chance

Said = Callable[[str | None], bool]
"""Whether a value is one that the revision itself says: what it has from the clock, or from rows that were made here, no other database holds."""
MOST_ROWS = 20
"""Of more rows than these nobody would type the keys."""
_LONGEST_NAME = 63  # bytes (NAMEDATALEN - 1)


def keep_values(
    table: TableContents, column: StoredColumn, revision: str, path: str, *, is_run_again: bool = False
) -> str:
    """Write what keeps a column's values and gives them back by the key; empty where no key tells the rows apart.

    A revision that `is_run_again` behind a part that was committed finds what it kept then.
    """
    if not table.key or column.name in table.key:
        return ""
    kept = _name(table, revision, column.name)
    same = " AND ".join(f"kept.{one} = now.{one}" for one in table.key)
    back = f"UPDATE {table.name} AS now SET {column.name} = {_read(column)} FROM {kept} AS kept WHERE {same}"
    columns = [one for one in table.columns if one.name in table.key]
    return _both_ways(table, [*columns, column], kept, back, path, is_run_again=is_run_again)


def keep_rows(
    table: TableContents, revision: str, path: str, *, is_gone: bool = False, is_run_again: bool = False
) -> str:
    """Write what keeps a table's rows and gives those back that are missing; empty where no key tells which these are, unless all `is_gone`.

    A revision that `is_run_again` behind a part that was committed finds what it kept then.
    """
    if not (table.key or is_gone):
        return ""
    kept = _name(table, revision)
    columns = [one for one in table.columns if not one.is_generated]
    same = " AND ".join(f"now.{one} = {_read_of(table, one)}" for one in table.key)
    missing = "" if is_gone else f" WHERE NOT EXISTS (SELECT FROM {table.name} AS now WHERE {same})"
    back = (
        f"INSERT INTO {table.name} ({', '.join(one.name for one in columns)}) OVERRIDING SYSTEM VALUE "
        f"SELECT {', '.join(map(_read, columns))} FROM {kept} AS kept{missing}"
    )
    return _both_ways(table, columns, kept, back, path, is_run_again=is_run_again)


def take_away(table: TableContents, keys: Collection[tuple[str | None, ...]], said: Said) -> str:
    """Write what deletes the rows of these keys; empty where they are too many to be typed, or not all `said` by the revision."""
    if not table.key or not 0 < len(keys) <= MOST_ROWS or not all(map(said, (one for key in keys for one in key))):
        return ""
    rows = ", ".join(
        values if len(table.key) == 1 else f"({values})"
        for values in (", ".join(literal(str(one)) for one in key) for key in sorted(keys, key=str))
    )
    names = ", ".join(table.key) if len(table.key) == 1 else f"({', '.join(table.key)})"
    return operation(f"DELETE FROM {table.name} WHERE {names} IN ({rows})")


def take_away_by_value(table: TableContents, later: TableContents, said: Said) -> str:
    """Write what deletes the rows that are there later by what only those have, where their keys are given by a sequence.

    Empty where nothing is, or no such value is `said` by the revision.
    """
    if not table.key:
        return ""
    there, keys = _key_places(later), table.keys()
    made = [row for row in later.rows if tuple(row[place] for place in there) not in keys]
    for place, column in enumerate(later.columns):
        before = [at for at, one in enumerate(table.columns) if one.name == column.name]
        values = {row[place] for row in made}
        if (
            column.name in table.key
            or column.is_generated
            or not before
            or is_of_chance(column, [*values], (), is_numbered=False)
        ):
            continue
        if (
            all(map(said, values))
            and 0 < len(values) <= MOST_ROWS
            and values.isdisjoint(row[before[0]] for row in table.rows)
        ):
            told = ", ".join(literal(str(one)) for one in sorted(values, key=str))
            return operation(f"DELETE FROM {table.name} WHERE {column.name} IN ({told})")
    return ""


def _key_places(table: TableContents) -> list[int]:
    return [place for name in table.key for place, one in enumerate(table.columns) if one.name == name]


def _both_ways(
    table: TableContents, columns: Sequence[StoredColumn], kept: str, back: str, path: str, *, is_run_again: bool
) -> str:
    told = ", ".join(f"{one.name}::text" if one.labels else one.name for one in columns)
    unless = "IF NOT EXISTS " if is_run_again else ""
    keep = operation(f"CREATE TABLE {unless}{kept} AS SELECT {told} FROM {table.name}")
    rule = ignore_rules("what downgrade() gives back", kept)
    return (
        f"keep them in a table, at the beginning of upgrade() in {path}: {keep}; and at the end of downgrade(), which gives back what they were then: "
        f"{operation(back)}; {operation(f'DROP TABLE {kept}')}; and where the models do not declare that table, in pyproject.toml: {rule}"
    )


def _read_of(table: TableContents, name: str) -> str:
    column = table.column(name)
    assert column is not None
    return _read(column)


def _read(column: StoredColumn) -> str:
    """Write a kept value in the column's type: a label was kept as a text, for its type may be made anew meanwhile."""
    return f"kept.{column.name}::{column.type_name}" if column.labels else f"kept.{column.name}"


def _name(table: TableContents, revision: str, column: str = "") -> str:
    """Return the name of the table in which is kept what a revision changes."""
    parts = [unquoted(unqualified(table.name)), unquoted(column), "before", revision]
    name = "_".join(filter(None, parts))
    if len(name.encode()) > _LONGEST_NAME:
        # Two tables, or columns, that begin alike are kept apart by what tells their whole names.
        digest = hashlib.sha256(name.encode()).hexdigest()[:6]
        short = "_".join(filter(None, (parts[0][:18], parts[1][:14], "before", revision[:16])))
        name = f"{short.encode()[: _LONGEST_NAME - 7].decode(errors='ignore')}_{digest}"
    return f"{qualifier(table.name)}.{quoted(name)}"
