"""Makes columns of a table that stands NOT NULL so that its readers and writers go on meanwhile.

A new one gets a constant default, for which no row is written. Where no default serves, rows are filled, and NULL is forbidden by what a CHECK has
proven, each statement a transaction by itself, which can be run again.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.identifiers import identifiers, quoted
from pgharness.catalog.names import unquoted
from pgharness.catalog.proposing.alembic_calls import adding_column
from pgharness.catalog.proposing.change import Change, Wanted, take
from pgharness.catalog.proposing.columns import NOT_NULL, set_default
from pgharness.catalog.proposing.filling import default_for, fill, is_unique
from pgharness.catalog.proposing.python_words import Apart, Call
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.columns import column_clause, later_lines
from pgharness.catalog.rendering.parts import Contents


class Serving(Enum):
    """Whether a database is in use while it is brought to what it is to be."""

    NOBODY = "nobody"
    ON_THE_WAY_UP = "up"
    ON_THE_WAY_BACK = "back"
    """In a downgrade(), which is one transaction, and leaves nothing for a later one to do."""


def default_meanwhile(contents: Contents, column: ObjectKey) -> str | None:
    """Return the default with which a column that may not be NULL is added to rows; None where none is needed, or none serves all rows alike."""
    facts = contents.properties[column]
    if (
        contents.parent(column).kind != "table"
        or not _is_plain(facts)
        or "default" in facts
        or not fill(contents, column)
    ):
        return None
    value = None if is_unique(contents, column) else default_for(contents, column)
    return None if value is not None and "gen_random_uuid" in value else value


def add_with_default(contents: Contents, column: ObjectKey, default: str) -> list[str]:
    """Write what adds it with that default, and takes that away."""
    alter = _alter(contents, column)
    clause = f"{column_clause(contents, column, with_not_null=False)} DEFAULT {default} NOT NULL"
    return [
        adding_column(contents, column, clause, f"{alter} ADD COLUMN {clause};", default=default),
        *later_lines(contents, column, alter),
        *attachments(contents, column),
        set_default(contents, column, None),
    ]


def add_in_steps(contents: Contents, column: ObjectKey) -> list[str]:
    """Write what adds a column, fills it row by row, and then forbids NULL; nothing where it need not be filled, or looked through."""
    facts = contents.properties[column]
    filling = fill(contents, column) if _is_plain(facts) and "default" not in facts else []
    is_looked_through = _is_plain(facts) and facts.get("generated", "").endswith(" VIRTUAL")
    if not (filling or is_looked_through) or contents.parent(column).kind != "table":
        return []
    alter = _alter(contents, column)
    clause = column_clause(contents, column, with_not_null=False)
    added = f"{alter} ADD COLUMN IF NOT EXISTS {clause}"
    others = [*later_lines(contents, column, alter), *attachments(contents, column)]
    return [Apart("", added, *map(_bare, others), *_forbidding_null(contents, column, filling))]


def is_indexed(contents: Contents, column: ObjectKey, among: Collection[ObjectKey]) -> bool:
    """Whether one of these objects is an index, or is unique by one, that has the column."""
    table, name = contents.parent(column), contents.local_name(column)
    of_table = (one for one in among if contents.parent(one) == table)
    builds = (
        one for one in of_table if one.kind == "index" or (one.kind == "constraint" and contents.of(one, "index"))
    )
    return any(name in identifiers(contents.properties[one].get("definition", "")) for one in builds)


def add_again(contents: Contents, column: ObjectKey, default: str | None) -> list[str]:
    """Write what adds a column before an index on it is built in a block: so that it can be run again."""
    steps = add_in_steps(contents, column) if default is None else []
    if steps:
        return steps
    alter, given = _alter(contents, column), f" DEFAULT {default} NOT NULL" if default else ""
    clause = f"{column_clause(contents, column, with_not_null=not default)}{given}"
    others = [*later_lines(contents, column, alter), *attachments(contents, column)]
    others += [set_default(contents, column, None)] if default else []
    return [Apart("", f"{alter} ADD COLUMN IF NOT EXISTS {clause}", *map(_bare, others))]


def _bare(statement: str) -> str:
    """Return a statement without its end; a call of Alembic's as it is."""
    return statement if isinstance(statement, Call) else statement.removesuffix(";")


def forbid_null(change: Change, wanted: Wanted) -> list[str]:
    """Write what forbids NULL in a column that has admitted it, and take that out of what is wanted; nothing where that is not all."""
    begins = wanted.get("not null") is not None and "not null" not in change.before
    if not begins or "identity" in wanted or change.parent.kind != "table" or not _is_plain(change.after):
        return []
    if any(key in change.left.properties.get(change.parent, {}) for key in ("partition key", "partition of")):
        return []
    take(wanted, *NOT_NULL)
    return [Apart("", *_forbidding_null(change.right, change.key, fill(change.right, change.key)))]


def _forbidding_null(contents: Contents, column: ObjectKey, filling: list[str]) -> list[str]:
    proven = forbidding_null(contents.parent(column).object, contents.local_name(column))
    return [*(one.removesuffix(";") for one in filling), *proven]


def forbidding_null(table: str, name: str) -> list[str]:
    """Write what forbids NULL in a column that holds none, without a look at the rows under a lock; each is committed, and can be sent again."""
    alter, check = f"ALTER TABLE {table}", quoted(f"{unquoted(name)}_not_null")
    return [
        f"{alter} DROP CONSTRAINT IF EXISTS {check}",
        f"{alter} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID",
        f"{alter} VALIDATE CONSTRAINT {check}",
        f"{alter} ALTER COLUMN {name} SET NOT NULL",
        f"{alter} DROP CONSTRAINT IF EXISTS {check}",
    ]


def _is_plain(facts: dict[str, str]) -> bool:
    """Whether a column is NOT NULL, and by no constraint of a name or a state of its own."""
    return "not null" in facts and facts.keys().isdisjoint(NOT_NULL[1:])


def _alter(contents: Contents, column: ObjectKey) -> str:
    return f"ALTER TABLE {contents.parent(column).object}"
