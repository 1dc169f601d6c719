"""What is dangerous to a running service, as data: how the trace shows it, whom it keeps waiting, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pgharness.trace.occurrences import Occurrence

_VALIDATES = re.compile(r"\bVALIDATE\s+CONSTRAINT\b", re.IGNORECASE)
_CREATES_INDEX = re.compile(r"^\s*CREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY\b)", re.IGNORECASE)
_REINDEXES = re.compile(r"^\s*REINDEX\s+(\([^)]*\)\s*)?(\w+)\s+(?!CONCURRENTLY\b)", re.IGNORECASE)
_REFRESHES = re.compile(r"^\s*REFRESH\s+MATERIALIZED\s+VIEW\s+(?!CONCURRENTLY\b)", re.IGNORECASE)
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
_BLOCK = "with op.get_context().autocommit_block(): "

Fix = Callable[[Occurrence], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One kind of danger: `shows` is how the trace tells it, `fix` what to type, `bad` and `good` a migration with it and without."""

    id: str
    title: str
    shows: str
    blocks: str
    fix: Fix
    bad: str
    good: str


def hazard_of(one: Occurrence) -> Hazard:
    """Return which hazard it is."""
    if one.work.doing in {"reads", "writes"} and not one.is_held_over:
        return SCAN
    if one.work.doing in {"reads", "writes"} or _VALIDATES.search(one.statement.statement.sql):
        return HELD_OVER
    return {
        "builds": INDEX_BUILD,
        "rewrites": REWRITE,
        "moves": MOVE,
        "verifies": VERIFICATION,
        "validates": FOREIGN_KEY,
    }[one.work.doing]


def _sql(one: Occurrence) -> str:
    return " ".join(one.statement.statement.sql.split())


def execute(sql: str) -> str:
    """Return the call that sends a statement."""
    return f"op.execute({sql!r})" if '"' in sql else f'op.execute("{sql}")'


def _fix_index_build(one: Occurrence) -> str:
    sql = _sql(one)
    if _CREATES_INDEX.match(sql) and one.lock.kind == "partitioned table":
        only = re.sub(r"\bON\s+", "ON ONLY ", sql, count=1, flags=re.IGNORECASE)
        return (
            f"{execute(only)}, then for each partition CREATE INDEX CONCURRENTLY in an autocommit block and "
            "ALTER INDEX … ATTACH PARTITION …"
        )
    if match := _CREATES_INDEX.match(sql):
        return f"{_BLOCK}{execute(match[0] + 'CONCURRENTLY ' + sql[match.end() :])}"
    if match := _REINDEXES.match(sql):
        return f"{_BLOCK}{execute(match[0] + 'CONCURRENTLY ' + sql[match.end() :])}"
    if _EXCLUDES.search(sql):
        return "an exclusion constraint cannot be built concurrently: add it while the table is small, or while nobody writes"
    return _fix_index_of_constraint(one, sql)


def _fix_index_of_constraint(one: Occurrence, sql: str) -> str:
    key, name = _PRIMARY_KEY.search(sql), one.work.name
    columns = (key or _UNIQUE.search(sql) or {"columns": "…"})["columns"]
    kind = "PRIMARY KEY" if key else "UNIQUE"
    build = execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {one.work.relation} ({columns})")
    add = execute(f"ALTER TABLE {one.work.relation} ADD CONSTRAINT {name} {kind} USING INDEX {name}")
    return f"{_BLOCK}{build}, and then {add}"


def _fix_rewrite(one: Occurrence) -> str:
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


def _fix_verification(one: Occurrence) -> str:
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


def _fix_foreign_key(one: Occurrence) -> str:
    return _not_valid_first(_sql(one))


def _fix_held_over(one: Occurrence) -> str:
    if one.work.doing in {"verifies", "validates"}:
        return "validate in a revision of its own, whose transaction holds no other lock"
    return (
        "do it in a revision of its own, before or after, or in pieces, each committed, in an autocommit block: "
        f"{_BLOCK}{execute(_sql(one))}"
    )


def _fix_scan(one: Occurrence) -> str:
    if _ATTACHES.search(_sql(one)):
        return _fix_verification(one)
    return "let a constraint that was validated before prove it, or do it while the table is small or nobody uses it"


def _fix_move(_one: Occurrence) -> str:
    return "leave it out of the chain: an operator moves the table when nobody needs it"


INDEX_BUILD = Hazard(
    id="index-build",
    title="An index is built under a lock",
    shows='DEBUG1 `building index "…" on table "…"` of a table that stood before, while SHARE or more is held on it',
    blocks="writes to the table until the transaction ends; with ALTER TABLE also reads",
    fix=_fix_index_build,
    bad="CREATE INDEX parcel_code ON parcel (code)",
    good="CREATE INDEX CONCURRENTLY parcel_code ON parcel (code)  -- in an autocommit block",
)
REWRITE = Hazard(
    id="rewrite",
    title="A table is written anew",
    shows='DEBUG1 `rewriting table "…"`, or a new file (pg_class.relfilenode) of a table whose rows were read',
    blocks="reads and writes until the transaction ends",
    fix=_fix_rewrite,
    bad="ALTER TABLE parcel ADD COLUMN u uuid DEFAULT gen_random_uuid()",
    good="ALTER TABLE parcel ADD COLUMN u uuid; ALTER TABLE parcel ALTER COLUMN u SET DEFAULT gen_random_uuid()",
)
MOVE = Hazard(
    id="move",
    title="A table's files are copied",
    shows="another tablespace in pg_class",
    blocks="reads and writes until the transaction ends",
    fix=_fix_move,
    bad="ALTER TABLE leg SET TABLESPACE other",
    good="ALTER TABLE leg SET (autovacuum_enabled = off)",
)
VERIFICATION = Hazard(
    id="verification",
    title="All rows are looked through for a constraint",
    shows='DEBUG1 `verifying table "…"` while a lock is held that blocks',
    blocks="reads and writes until the transaction ends",
    fix=_fix_verification,
    bad="ALTER TABLE parcel ALTER COLUMN note SET NOT NULL",
    good="the same, once a validated CHECK (note IS NOT NULL) proves it",
)
FOREIGN_KEY = Hazard(
    id="foreign-key",
    title="A foreign key is validated under a lock",
    shows='DEBUG1 `validating foreign key constraint "…"` while SHARE ROW EXCLUSIVE is held on the two tables',
    blocks="writes to both tables until the transaction ends",
    fix=_fix_foreign_key,
    bad="ALTER TABLE parcel ADD FOREIGN KEY (ref) REFERENCES depot",
    good="the same with NOT VALID; and VALIDATE CONSTRAINT in the next revision",
)
HELD_OVER = Hazard(
    id="held-over-work",
    title="A lock is held over work",
    shows="a lock of an earlier statement of the transaction, while rows are read and written or a constraint is validated",
    blocks="what the earlier lock blocks, for as long as the later statement takes",
    fix=_fix_held_over,
    bad="ALTER TABLE parcel ADD COLUMN a1 int; UPDATE parcel SET a1 = qty",
    good="ALTER TABLE parcel ADD COLUMN a1 int, and the UPDATE in a revision of its own",
)
SCAN = Hazard(
    id="scan",
    title="Rows are read under the statement's own lock",
    shows="rows that the transaction's counters have read meanwhile, where no message speaks of it",
    blocks="what the lock blocks, until the transaction ends",
    fix=_fix_scan,
    bad="CREATE TABLE scan_2026 PARTITION OF scan FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')  -- with a DEFAULT partition",
    good="the same, once a CHECK of the DEFAULT partition excludes these rows",
)

HAZARDS = (INDEX_BUILD, REWRITE, MOVE, VERIFICATION, FOREIGN_KEY, HELD_OVER, SCAN)
"""The dangers that are findings."""
