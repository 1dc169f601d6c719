"""What to write instead of a look at all rows for a constraint: it holds for new rows first, and is validated when its lock is gone."""

from __future__ import annotations

import re

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.identifiers import quoted
from pgharness.catalog.index_shapes import index_of
from pgharness.catalog.names import unqualified
from pgharness.trace.fixes.actions import (
    ADDS_COLUMN,
    ADDS_CONSTRAINT,
    default_of,
    lacks_default,
    name_of,
    type_of,
)
from pgharness.trace.fixes.partitions import fix_new_partition
from pgharness.trace.fixes.writing import (
    ATTACHES,
    NAME,
    NEXT,
    THEN,
    all_of,
    bare,
    execute,
    has,
    not_null_in_steps,
    sql_of,
    validated_next,
)
from pgharness.trace.occurrences import Occurrence
from pgharness.trace.statement_parts import actions_of, in_parentheses, the_one

_SETS_NOT_NULL = re.compile(rf"\bALTER\s+(?:COLUMN\s+)?(?P<column>{NAME})\s+SET\s+NOT\s+NULL\b", re.IGNORECASE)
_USES_INDEX = re.compile(rf"\bUSING\s+INDEX\s+(?P<index>{NAME})", re.IGNORECASE)
_ENFORCES = re.compile(rf"\bALTER\s+CONSTRAINT\s+(?P<name>{NAME})\s.*\bENFORCED\b", re.IGNORECASE | re.DOTALL)
_REFERENCES = re.compile(
    r"\bREFERENCES\s+(?P<to>(?:\"[^\"]+\"|[\w.])+\s*(?:\([^)]*\))?(?:\s+(?:ON|MATCH)\s.*)?)", re.IGNORECASE | re.DOTALL
)
_LATER = ", fill it, and forbid NULL in it in a revision of its own as `pgharness check` tells of ALTER COLUMN … SET NOT NULL"
_FILLED = " with a constant, which spares the look at the rows, and the same server_default in the model"


def fix_verification(one: Occurrence, catalog: Snapshot) -> str:
    """Return how to have the rows looked through while reads and writes go on."""
    sql, table = sql_of(one), one.work.relation
    if not_null := _SETS_NOT_NULL.search(sql):
        return not_null_in_steps(table, not_null["column"])
    if ATTACHES.search(sql):
        return fix_new_partition(one, catalog)
    if index := _USES_INDEX.search(sql):
        return _fix_primary_key(one, sql, index["index"], catalog)
    return _not_valid_first(one, sql, catalog)


def fix_foreign_key(one: Occurrence, catalog: Snapshot) -> str:
    """Return how to have a foreign key validated while writes go on."""
    return _not_valid_first(one, the_one(one.statement.statement.sql), catalog)


def _fix_primary_key(one: Occurrence, sql: str, index: str, catalog: Snapshot) -> str:
    """Return how a CHECK proves before it that no column of a key is NULL."""
    table = one.work.relation
    key = next((key for key in catalog.objects("index") if unqualified(key.object) == index), None)
    columns = index_of(catalog, key).expressions if key is not None and key in catalog.shapes else ()
    nullable = [name for name in columns if catalog.value("column", f"{table}.{name}", "not null") is None]
    if not nullable:
        return "before it, in revisions of their own: ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT"
    names = {column: quoted(f"{bare(column)}_not_null") for column in nullable}
    added = (
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({one} IS NOT NULL) NOT VALID" for one, name in names.items()
    )
    validated = (f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}" for name in names.values())
    proven = (f"ALTER TABLE {table} DROP CONSTRAINT {name}" for name in names.values())
    return f"{all_of(*added)}{NEXT}{all_of(*validated)}{THEN}{all_of(sql, *proven)}"


def _fix_enforced(one: Occurrence, name: str, catalog: Snapshot) -> str:
    """Return how a constraint that was not enforced is made anew as one that is, and validated later."""
    tables = [one.work.relation, *(lock.relation for lock in one.statement.locks)]
    known = {table: catalog.value("constraint", f"{table}.{name}", "definition") for table in tables}
    found, definition = next(((table, said) for table, said in known.items() if said is not None), ("", ""))
    if not definition:
        return (
            "DROP CONSTRAINT, and ADD CONSTRAINT it again with NOT VALID; and VALIDATE CONSTRAINT in the next revision"
        )
    written = re.sub(r"\s+NOT (ENFORCED|VALID)\b", "", definition)
    again = f"ALTER TABLE {found} ADD CONSTRAINT {name} {written} NOT VALID"
    anew = all_of(f"ALTER TABLE {found} DROP CONSTRAINT {name}", again)
    return f"{anew}{validated_next(f'ALTER TABLE {found}', {name: again})}"


def _not_valid_first(one: Occurrence, sql: str, catalog: Snapshot) -> str:
    """Return the same with NOT VALID, constraints of a new column by themselves."""
    head, actions = actions_of(sql)
    if enforced := _ENFORCES.search(sql):
        return _fix_enforced(one, enforced["name"], catalog)
    written: list[str] = []
    later: dict[str, str] = {}
    filled = ""
    for action in actions:
        constraint, column = ADDS_CONSTRAINT.match(action), ADDS_COLUMN.match(action)
        if constraint is not None and not has("NOT VALID", action):
            name = constraint["name"] or (quoted(one.work.name) if one.work.name else "")
            written.append(f"{action} NOT VALID")
            later |= {name: _named(name, f"{head} {action} NOT VALID")} if name else {}
        elif constraint is None and column is not None:
            added, *alone = _of_column(one.work.relation, column)
            written += [added if alone or lacks_default(column) else action, *alone]
            later |= {name_of(one.work.relation, column): f"{head} {alone[0]}"} if alone else {}
            if lacks_default(column):
                filled = filled or (_LATER if has("REFERENCES", column["rest"]) else _FILLED)
        else:
            written.append(action)
    if not later and filled:
        return f"{execute(f'{head} ' + ', '.join(written))}{filled}"
    if not later:
        return "add the constraint by itself with NOT VALID; and VALIDATE CONSTRAINT in the next revision"
    return f"{execute(f'{head} ' + ', '.join(written))}{filled}{validated_next(head, later)}{_before_18(one)}"


def _named(name: str, statement: str) -> str:
    """Return a statement that adds a constraint such that it has the name which PostgreSQL gives it."""
    return re.sub(r"\bADD\s+(?!CONSTRAINT\b)", f"ADD CONSTRAINT {name} ", statement, count=1, flags=re.IGNORECASE)


def _of_column(table: str, added: re.Match[str]) -> tuple[str, ...]:
    """Return the actions that add a column, with a default where NOT NULL asks for one, and its CHECK or foreign key with NOT VALID."""
    rest, name = added["rest"], name_of(table, added)
    value = f" DEFAULT {default}" if (default := default_of(added)) else ""
    value = " DEFAULT <value>" if lacks_default(added) else value
    if lacks_default(added) and has("REFERENCES", rest):  # no constant is a key of the other table
        value, rest = "", re.sub(r"\bNOT\s+NULL\b", "", rest, flags=re.IGNORECASE)
    column = f"ADD COLUMN {added['column']} {type_of(added)}{value}{' NOT NULL' if has('NOT NULL', rest) else ''}"
    if check := in_parentheses(rest, "CHECK"):
        return column, f"ADD CONSTRAINT {name} CHECK ({check}) NOT VALID"
    if referred := _REFERENCES.search(rest):
        return (
            column,
            f"ADD CONSTRAINT {name} FOREIGN KEY ({added['column']}) REFERENCES {referred['to'].strip()} NOT VALID",
        )
    return (column,)


def _before_18(one: Occurrence) -> str:
    if one.lock.kind != "partitioned table" or one.work.doing != "validates":
        return ""
    return "; before PostgreSQL 18 so on each partition, and on the whole table when all have it"
