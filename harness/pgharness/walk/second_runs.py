"""Sets back what only the second run of an upgrade has changed, so that the next revision meets rows as production has them.

Production runs an upgrade once. Where it has passed over rows, and takes them when it is run again after a downgrade that does nothing,
all that comes later would meet better rows than there are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pgharness.chain.contents import is_shortened
from pgharness.records.contents import Contents, TableContents, Value
from pgharness.records.steps import RevisionRecord
from pgharness.servers import Connection

Key = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A value that the first run has left as it was, in the row of a key, and the second run has not."""

    table: TableContents
    key: Key
    column: str
    value: Value


def passed_over(record: RevisionRecord) -> tuple[PassedOver, ...]:
    """Return what only the second run has changed, of rows that the first one met."""
    again = record.reupgrade
    if again is None or again.failure is not None or record.upgrade.met is None or record.upgrade.left is None:
        return ()
    if again.met is None or again.left is None:
        return ()
    found = _Runs(record.upgrade.met, record.upgrade.left, again.met, again.left)
    return tuple(one for table in again.left.tables if table.key for one in found.of(table))


def set_back(connection: Connection, found: tuple[PassedOver, ...]) -> None:
    """Give these rows the values that they had, where the schema lets them."""
    for one in found:
        conditions = sql.SQL(" AND ").join(sql.SQL("{}::text = %s").format(sql.SQL(name)) for name in one.table.key)
        type_name = next(column.type_name for column in one.table.columns if column.name == one.column)
        value = sql.SQL("%s::text::{}").format(sql.SQL(type_name))
        query = sql.SQL("UPDATE {} SET {} = {} WHERE {}").format(
            sql.SQL(one.table.name), sql.SQL(one.column), value, conditions
        )
        with contextlib.suppress(psycopg.Error):
            connection.execute(query, (one.value, *one.key))


@dataclass(frozen=True, slots=True)
class _Runs:
    """The contents around both runs."""

    met: Contents
    left: Contents
    met_again: Contents
    left_again: Contents

    def of(self, table: TableContents) -> Iterator[PassedOver]:
        """Yield the values of a table that were the same until the second run."""
        before = [_by_key(one.table(table.name)) for one in (self.met, self.left, self.met_again)]
        for key, row in _by_key(table).items():
            rows = [known[key] for known in before if key in known]
            for column in table.columns:
                values = [known[column.name] for known in rows if column.name in known]
                if column.is_generated or len(values) < len(before) or len(set(values)) > 1:
                    continue
                if values[0] != row[column.name] and not is_shortened(values[0]):
                    yield PassedOver(table, key, column.name, values[0])


def _by_key(table: TableContents | None) -> dict[Key, dict[str, Value]]:
    if table is None or not table.key:
        return {}
    rows = [dict(zip((column.name for column in table.columns), row, strict=True)) for row in table.rows]
    return {tuple(row[name] for name in table.key): row for row in rows}
