"""What to write instead of a statement that writes a table anew, or copies its files."""

from __future__ import annotations

import re

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.identifiers import quoted
from pgharness.trace.fixes.actions import (
    ADDS_COLUMN,
    ADDS_CONSTRAINT,
    NUMBERED,
    default_of,
    plain_column,
    type_of,
)
from pgharness.trace.fixes.another_column import fix_stored, fix_type
from pgharness.trace.fixes.writing import (
    BLOCK,
    NEXT,
    THEN,
    all_of,
    bare,
    beside,
    execute,
    has,
    in_pieces,
    not_null_in_steps,
    sql_of,
    validated_next,
)
from pgharness.trace.occurrences import Occurrence
from pgharness.trace.statement_parts import actions_of

_REFRESHES = re.compile(r"^\s*REFRESH\s+MATERIALIZED\s+VIEW\s+(?!CONCURRENTLY\b)", re.IGNORECASE)
_SETS_PERSISTENCE = re.compile(r"\bSET\s+(UN)?LOGGED\b", re.IGNORECASE)
_CLUSTERS = re.compile(
    r"^\s*CLUSTER\s+(?:\([^)]*\)\s*|VERBOSE\s+)?(?P<table>\S+)\s+USING\s+(?P<index>[^\s;]+)", re.IGNORECASE
)
_VACUUMS = re.compile(r"^\s*VACUUM\b", re.IGNORECASE)
_OPERATOR = "when nobody needs the table"


def fix_rewrite(one: Occurrence, catalog: Snapshot) -> str:
    """Return how to come to the same without writing the table anew under a lock."""
    sql = sql_of(one)
    return _fix_whole_table(one, sql) or _fix_alteration(one.work.relation, sql, catalog)


def _fix_whole_table(one: Occurrence, sql: str) -> str:
    """Return what to do instead of what concerns a table as a whole; empty for what concerns a column."""
    if _REFRESHES.match(sql):
        return f"{execute(_REFRESHES.sub('REFRESH MATERIALIZED VIEW CONCURRENTLY ', sql))}, which needs a unique index on it"
    if clusters := _CLUSTERS.match(sql):
        marked = f"ALTER TABLE {clusters['table']} CLUSTER ON {clusters['index']}"
        return f"{execute(marked)}; and an operator runs CLUSTER {clusters['table']}, or pg_repack, {_OPERATOR}"
    if _VACUUMS.match(sql):
        freed = execute(f"VACUUM {one.work.relation}")
        return f"{BLOCK}{freed}, which makes room for new rows; what gives the disk its room back an operator runs, or pg_repack, {_OPERATOR}"
    if re.match(r"\s*CLUSTER\b", sql, re.IGNORECASE):
        return f"leave it out of the chain: an operator runs it, or pg_repack, {_OPERATOR}"
    if _SETS_PERSISTENCE.search(sql):
        return f"leave it out of the chain: an operator does it {_OPERATOR}, or while it is empty"
    return ""


def _fix_alteration(table: str, sql: str, catalog: Snapshot) -> str:
    actions = actions_of(sql)[1]
    for column in (match for action in actions if (match := ADDS_COLUMN.match(action))):
        if not ADDS_CONSTRAINT.match(column[0]) and (fix := _fix_added_column(table, column, catalog)):
            return fix
    changed = fix_type(table, actions[0], catalog) if len(actions) == 1 else ""
    return changed or (
        "add a new column beside it, let the application write both, fill it in pieces in an autocommit block, and drop the old one in a "
        "later release"
    )


def _fix_added_column(table: str, added: re.Match[str], catalog: Snapshot) -> str:
    column, rest = added["column"], added["rest"]
    if has("STORED", rest) and has("GENERATED", rest):
        return fix_stored(table, column, type_of(added), rest) or (
            f"add {column} as a plain column, let a trigger write it, and fill it in pieces in an autocommit block"
        )
    filled = f"{NEXT}{BLOCK}{execute(in_pieces(table, column, 'DEFAULT'))}"
    if numbered := NUMBERED.search(rest):
        kind = f"{(numbered['size'] or '').lower()}int" if "serial" in numbered[0].casefold() else type_of(added)
        sequence = beside(table, quoted(f"{bare(table)}_{bare(column)}_seq"))
        calls = all_of(
            f"ALTER TABLE {table} ADD COLUMN {column} {kind}",
            f"CREATE SEQUENCE {sequence} OWNED BY {table}.{column}",
            f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT nextval('{sequence}')",
        )
        return f"{calls}{filled}{THEN}{not_null_in_steps(table, column)}"
    if domain := _fix_domain(table, added, catalog):
        return domain
    if value := default_of(added):
        set_default = execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value}")
        never_null = f"{THEN}{not_null_in_steps(table, column)}" if has("NOT NULL", rest) else ""
        return f"{plain_column(table, added)}; {set_default}{filled}{never_null}"
    return (
        f"add {column} of the type that is under its domain, with the domain's CHECK as a constraint of the table, NOT VALID; and VALIDATE "
        "CONSTRAINT in the next revision"
    )


def _fix_domain(table: str, added: re.Match[str], catalog: Snapshot) -> str:
    """Return how a column has what its domain asks for as a constraint of the table; empty where its type is no domain that is known."""
    column, type_ = added["column"], type_of(added)
    known = (key for key in catalog.objects("type") if catalog.value(*key) == "domain")
    domain = next((key for key in known if type_ in {key.object, key.object.rpartition(".")[2]}), None)
    checks = [
        definition.removesuffix(" NOT VALID").removeprefix("CHECK ").strip()
        for key in catalog.objects("domain constraint")
        if domain is not None
        and catalog.parents.get(key) == domain
        and (definition := catalog.value(*key, "definition")) is not None
    ]
    if domain is None or not checks:
        return ""
    name = quoted(f"{bare(table)}_{bare(column)}_check")
    condition = " AND ".join(re.sub(r"\bVALUE\b", column, check) for check in checks)
    default = f" DEFAULT {value}" if (value := default_of(added)) else ""
    not_null = " NOT NULL" if default and has("NOT NULL", added["rest"]) else ""
    added_plain = f"ALTER TABLE {table} ADD COLUMN {column} {catalog.value(*domain, 'type')}{default}{not_null}"
    constrained = f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"
    validated = validated_next(f"ALTER TABLE {table}", {name: constrained})
    return f"{all_of(added_plain, constrained)}{validated}; and in the model the type that is under the domain"


def fix_move(one: Occurrence, _catalog: Snapshot) -> str:
    """Return what to do instead of copying the files of a table; those of an index are built anew elsewhere."""
    return f"leave it out of the chain: an operator moves {one.work.relation} {_OPERATOR}"
