"""What to write instead of a build of an index under a lock."""

from __future__ import annotations

import re

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.identifiers import quoted
from pgharness.trace.fixes.actions import ADDS_COLUMN, ADDS_CONSTRAINT, plain_column
from pgharness.trace.fixes.partitions import (
    fix_constraint_of_partitions,
    fix_index_of_partitions,
    fix_new_partition,
)
from pgharness.trace.fixes.writing import ATTACHES, BLOCK, NAME, all_of, beside, drop_unfinished, execute, has, sql_of
from pgharness.trace.occurrences import Occurrence
from pgharness.trace.statement_parts import actions_of, in_parentheses

_CREATES_INDEX = re.compile(r"^\s*CREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY\b)", re.IGNORECASE)
_INDEX_PARTS = re.compile(
    rf"^\s*(?P<head>CREATE\s+(?:UNIQUE\s+)?INDEX\s+)(?!CONCURRENTLY\b)(?:IF\s+NOT\s+EXISTS\s+)?(?:(?!ON\b)(?P<name>{NAME})\s+)?ON\s+"
    r"(?:ONLY\s+)?(?P<table>(?:\"[^\"]+\"|[\w.])+)\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
# In a text that EXECUTE runs as it stands, or as a statement of the block.
_HIDDEN_INDEXES = tuple(
    re.compile(rf"{begin}CREATE\s+(?P<unique>UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY\b)(?P<rest>{rest})", re.IGNORECASE)
    for begin, rest in (
        (r"\bEXECUTE\s+'\s*", r"(?:[^'%]|'')*(?='\s*;)"),
        (r"(?<!['\w])", r"(?:'(?:[^']|'')*'|[^;'$%])*(?=;)"),
    )
)
_REINDEXES = re.compile(r"^\s*REINDEX\s+(\([^)]*\)\s*)?(\w+)\s+(?!CONCURRENTLY\b)", re.IGNORECASE)
_CHANGES_TYPE = re.compile(r"\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b", re.IGNORECASE)


def fix_index_build(one: Occurrence, catalog: Snapshot) -> str:
    """Return how to build an index while writes go on."""
    sql = sql_of(one)
    if (parts := _INDEX_PARTS.match(sql)) and one.lock.kind == "partitioned table":
        return fix_index_of_partitions(one, parts)
    if match := _CREATES_INDEX.match(sql):
        created = execute(f"{match[0]}CONCURRENTLY {sql[match.end() :]}")
        return f"{BLOCK}{drop_unfinished(one)}; {created}, in a revision of its own"
    if match := _REINDEXES.match(sql):
        rebuilt = execute(match[0] + "CONCURRENTLY " + sql[match.end() :])
        return f"{BLOCK}{drop_unfinished(one, '_ccnew')}; {rebuilt}, in a revision of its own"
    if _CHANGES_TYPE.search(sql):
        return _fix_rebuild(one, sql, catalog)
    if ATTACHES.search(sql):
        return fix_new_partition(one, catalog)
    return _fix_index_of_constraint(one, sql)


def _fix_rebuild(one: Occurrence, sql: str, catalog: Snapshot) -> str:
    """Return how another type, for which indexes alone are built anew, goes without them meanwhile."""
    names = [beside(work.relation, quoted(work.name)) for work in one.works if work.doing == "builds"]
    definitions = [catalog.value("index", name, "definition") for name in names]
    if not all(definitions):
        return (
            "add a new column beside it, let the application write both, fill it in pieces, and drop the old one in a later release: the index "
            "of a constraint cannot go meanwhile"
        )
    gone = [f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for name in names]
    built = [_CREATES_INDEX.sub(r"\g<0>CONCURRENTLY ", definition) for definition in definitions if definition]
    return f"{BLOCK}{all_of(*gone, sql, *built)}; in a revision of its own, when queries can do without the index"


def _fix_index_of_constraint(one: Occurrence, sql: str) -> str:
    table, name = one.work.relation, quoted(one.work.name)
    for action in actions_of(sql)[1]:
        added, column = ADDS_CONSTRAINT.match(action), ADDS_COLUMN.match(action)
        kind = next((kind for kind in ("PRIMARY KEY", "UNIQUE", "EXCLUDE") if has(kind, action)), "")
        if kind == "EXCLUDE":
            return "an exclusion constraint cannot be built concurrently: add it while the table is small, or while nobody writes"
        if not kind or not (added or column):
            continue
        columns = in_parentheses(action, kind.replace(" ", r"\s+") + r"(?:\s+NULLS\s+NOT\s+DISTINCT)?")
        if not added and column is not None:
            columns = column["column"]
        distinct = " NULLS NOT DISTINCT" if has("NULLS NOT DISTINCT", action) else ""
        if one.lock.kind == "partitioned table":
            given = added["name"] if added else None
            return fix_constraint_of_partitions(one, kind, columns, given, distinct)
        first = "" if added or column is None else f"{plain_column(table, column)}; "
        build = execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns}){distinct}")
        add = execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name}")
        return f"{first}{BLOCK}{drop_unfinished(one)}; {build}, and then {add}"
    return _fix_hidden_index(one, sql)


def _fix_hidden_index(one: Occurrence, sql: str) -> str:
    """Return how to build an index that a DO block or a function builds: its statement, where the block has it, else as far as it is known."""
    hidden = next((match for pattern in _HIDDEN_INDEXES if (match := pattern.search(sql))), None)
    rest = f"{quoted(one.work.name)} ON {one.work.relation} (…)"
    if hidden is not None:
        rest = hidden["rest"].replace("''", "'") if hidden.re is _HIDDEN_INDEXES[0] else hidden["rest"]
    unique = "UNIQUE " if hidden and hidden["unique"] else ""
    created = execute(f"CREATE {unique}INDEX CONCURRENTLY {rest.strip()}")
    return f"{BLOCK}{drop_unfinished(one)}; {created}, in a revision of its own: within a function or a DO block nothing is built concurrently"
