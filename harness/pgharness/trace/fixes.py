"""What to write instead of a statement that works on rows under a lock, with the statement's own names."""

from __future__ import annotations

import re

from pgharness.trace.occurrences import Occurrence

_CREATES_INDEX = re.compile(r"^\s*CREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY\b)", re.IGNORECASE)
_REINDEXES = re.compile(r"^\s*REINDEX\s+(\([^)]*\)\s*)?(\w+)\s+(?!CONCURRENTLY\b)", re.IGNORECASE)
_REFRESHES = re.compile(r"^\s*REFRESH\s+MATERIALIZED\s+VIEW\s+(?!CONCURRENTLY\b)", re.IGNORECASE)
_CHANGES_TYPE = re.compile(r"\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b", re.IGNORECASE)
_EXCLUDES = re.compile(r"\bEXCLUDE\b", re.IGNORECASE)
_PRIMARY_KEY = re.compile(r"\bPRIMARY\s+KEY\s*\((?P<columns>[^)]*)\)", re.IGNORECASE)
_UNIQUE = re.compile(r"\bUNIQUE\s*\((?P<columns>[^)]*)\)", re.IGNORECASE)
_USING_INDEX = re.compile(r"\bUSING\s+INDEX\b", re.IGNORECASE)
_SETS_NOT_NULL = re.compile(r'\bALTER\s+(?:COLUMN\s+)?(?P<column>"[^"]+"|\w+)\s+SET\s+NOT\s+NULL\b', re.IGNORECASE)
_ADDS_COLUMN = re.compile(
    r'\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?P<column>"[^"]+"|\w+)\s+(?P<rest>.+)', re.IGNORECASE | re.DOTALL
)
_ADDS_CONSTRAINT = re.compile(r"\bADD\s+(CONSTRAINT|CHECK|FOREIGN)\b", re.IGNORECASE)
_DEFAULT = re.compile(r"\bDEFAULT\b", re.IGNORECASE)
_GENERATED = re.compile(r"\bGENERATED\b.*\bSTORED\b", re.IGNORECASE | re.DOTALL)
_ATTACHES = re.compile(r"\bATTACH\s+PARTITION\b|\bPARTITION\s+OF\b", re.IGNORECASE)
_WRITES_ALL = re.compile(r"^\s*UPDATE\b(?!.*\bWHERE\b)", re.IGNORECASE | re.DOTALL)
_BLOCK = "with op.get_context().autocommit_block(): "


def _sql(one: Occurrence) -> str:
    return " ".join(one.statement.statement.sql.split())


def execute(sql: str) -> str:
    """Return the call that sends a statement."""
    return f"op.execute({sql!r})" if '"' in sql else f'op.execute("{sql}")'


def fix_index_build(one: Occurrence) -> str:
    """Return how to build an index while writes go on."""
    sql = _sql(one)
    if _CREATES_INDEX.match(sql) and one.lock.kind == "partitioned table":
        only = re.sub(r"\bON\s+", "ON ONLY ", sql, count=1, flags=re.IGNORECASE)
        return (
            f"{execute(only)}, then for each partition CREATE INDEX CONCURRENTLY in an autocommit block and "
            "ALTER INDEX … ATTACH PARTITION …"
        )
    if match := _CREATES_INDEX.match(sql):
        created = execute(f"{match[0]}CONCURRENTLY {sql[match.end() :]}")
        return f"{_BLOCK}{_drop_unfinished(one)}; {created}, in a revision of its own"
    if match := _REINDEXES.match(sql):
        return f"{_BLOCK}{execute(match[0] + 'CONCURRENTLY ' + sql[match.end() :])}, in a revision of its own"
    if _CHANGES_TYPE.search(sql):
        return f"DROP INDEX CONCURRENTLY {one.work.name} before it and CREATE INDEX CONCURRENTLY after it, each in an autocommit block"
    if _EXCLUDES.search(sql):
        return "an exclusion constraint cannot be built concurrently: add it while the table is small, or while nobody writes"
    return _fix_index_of_constraint(one, sql)


def _fix_index_of_constraint(one: Occurrence, sql: str) -> str:
    key, name = _PRIMARY_KEY.search(sql), one.work.name
    columns = (key or _UNIQUE.search(sql) or {"columns": "…"})["columns"]
    kind = "PRIMARY KEY" if key else "UNIQUE"
    build = execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {one.work.relation} ({columns})")
    add = execute(f"ALTER TABLE {one.work.relation} ADD CONSTRAINT {name} {kind} USING INDEX {name}")
    return f"{_BLOCK}{_drop_unfinished(one)}; {build}, and then {add}"


def _drop_unfinished(one: Occurrence) -> str:
    """Return the call that takes away what a build that was stopped has left, so that the revision can be run again."""
    schema = one.work.relation.rpartition(".")[0]
    return execute(
        f"DROP INDEX CONCURRENTLY IF EXISTS {schema}.{one.work.name}"
        if schema
        else f"DROP INDEX CONCURRENTLY IF EXISTS {one.work.name}"
    )


def fix_rewrite(one: Occurrence) -> str:
    """Return how to come to the same without writing the table anew under a lock."""
    sql, table = _sql(one), one.work.relation
    if _REFRESHES.match(sql):
        return f"{execute(_REFRESHES.sub('REFRESH MATERIALIZED VIEW CONCURRENTLY ', sql))}, which needs a unique index on it"
    added = _ADDS_COLUMN.search(sql)
    if added and not _ADDS_CONSTRAINT.search(sql) and _GENERATED.search(added["rest"]):
        return f"add {added['column']} as a plain column, let a trigger write it, and fill it in pieces in an autocommit block"
    if added and not _ADDS_CONSTRAINT.search(sql) and _DEFAULT.search(added["rest"]):
        plain, _, default = re.split(r"(\bDEFAULT\b)", added["rest"], maxsplit=1, flags=re.IGNORECASE)
        plain = re.sub(r"\bNOT NULL\b", "", plain, flags=re.IGNORECASE).strip()
        column, default = added["column"], re.sub(r"\bNOT NULL\b", "", default, flags=re.IGNORECASE).strip()
        return (
            f"{execute(f'ALTER TABLE {table} ADD COLUMN {column} {plain}')}; "
            f"{execute(f'ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default}')}; then fill it in pieces in an autocommit block"
        )
    if re.match(r"\s*(CLUSTER|VACUUM)\b", sql, re.IGNORECASE):
        return "leave it out of the chain: an operator runs it, or pg_repack, when nobody needs the table"
    return (
        "add a new column beside it, let the application write both, fill it in pieces in an autocommit block, and drop the old one in a "
        "later release"
    )


def fix_verification(one: Occurrence) -> str:
    """Return how to have the rows looked through while reads and writes go on."""
    sql, table = _sql(one), one.work.relation
    if not_null := _SETS_NOT_NULL.search(sql):
        column = not_null["column"]
        name = f"{column.strip(chr(34))}_not_null"
        return (
            f"{execute(f'ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID')}; in the next revision "
            f"{execute(f'ALTER TABLE {table} VALIDATE CONSTRAINT {name}')}; and in one after it SET NOT NULL and DROP CONSTRAINT {name}"
        )
    if _ATTACHES.search(sql):
        return (
            "add a CHECK that implies the partition's bounds, NOT VALID, to the partition, and one that excludes them to the DEFAULT "
            "partition; validate both in a revision before this one"
        )
    if _USING_INDEX.search(sql):
        return "before it, in revisions of their own: ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT"
    return _not_valid_first(sql)


def _not_valid_first(sql: str) -> str:
    if _ADDS_CONSTRAINT.search(sql):
        return f"{execute(sql + ' NOT VALID')}; and VALIDATE CONSTRAINT in the next revision"
    return "add the constraint by itself with NOT VALID; and VALIDATE CONSTRAINT in the next revision"


def fix_foreign_key(one: Occurrence) -> str:
    """Return how to have a foreign key validated while writes go on."""
    return _not_valid_first(_sql(one))


def fix_held_over(one: Occurrence) -> str:
    """Return how to work on rows when the lock of the earlier statement is gone."""
    if one.work.doing in {"verifies", "validates"}:
        return "validate in a revision of its own, whose transaction holds no other lock"
    sql = _sql(one)
    spared = ", with a WHERE that spares what the application has written since" if _WRITES_ALL.match(sql) else ""
    return (
        "do it in a revision of its own, before or after, or in pieces, each committed, in an autocommit block: "
        f"{_BLOCK}{execute(sql)}{spared}"
    )


def fix_scan(one: Occurrence) -> str:
    """Return how to spare the statement its look at the rows."""
    if _ATTACHES.search(_sql(one)):
        return fix_verification(one)
    return "let a constraint that was validated before prove it, or do it while the table is small or nobody uses it"


def fix_move(_one: Occurrence) -> str:
    """Return what to do instead of copying a table's files."""
    return "leave it out of the chain: an operator moves the table when nobody needs it"
