"""Writes tables and foreign tables: plain, inheriting, partitioned, partitions, with the constraints inside."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.columns import (
    column_clause,
    default_key,
    identity_sequence,
    later_lines,
    not_null_clause,
    ordered_columns,
)
from pgharness.catalog.rendering.indexes import index_lines
from pgharness.catalog.rendering.parts import Contents, Part, Phase, options, partitions_below, wrapper_options

CONSTRAINT_ORDER = ("primary key", "unique", "exclusion", "check", "foreign key")
# What a partition's column must share with its parent's for CREATE TABLE … PARTITION OF to make it.
INHERITED_PROPERTIES = ("type", "collation", "default", "generated", "identity", "not null", "storage", "compression")


def parts(contents: Contents) -> Iterator[Part]:
    """Yield the parts that make tables, with everything inside them, and the constraints that come after."""
    for key, facts in contents.all("table", "foreign table"):
        yield _table(contents, key, facts)
        for constraint in contents.of(key, "constraint"):
            if not is_inside(contents, constraint):
                yield _late_constraint(contents, key, constraint)
        for column in ordered_columns(contents, key):
            if default_key(column) in contents.apart:
                yield _late_default(contents, key, column)


def is_inside(contents: Contents, constraint: ObjectKey) -> bool:
    """Whether a constraint is written within CREATE TABLE: not foreign keys, nor keys of partitions, nor unvalidated ones."""
    facts = contents.properties[constraint]
    if constraint in contents.apart or facts["exists"] == "foreign key" or facts.get("validated") == "false":
        return False
    table = contents.properties[contents.parent(constraint)]
    in_partition_tree = "partition key" in table or "partition of" in table
    return facts["exists"] == "check" or not in_partition_tree


def parent_tables(contents: Contents, facts: dict[str, str]) -> list[ObjectKey]:
    """Return the tables that a table inherits from or is a partition of, in order."""
    names = facts.get("partition of") or facts.get("inherits")
    if names is None:
        return []
    tables = contents.arrangement.tables
    return [tables[name] for name in names.split(", ") if name in tables]


def _table(contents: Contents, key: ObjectKey, facts: dict[str, str]) -> Part:
    columns = ordered_columns(contents, key)
    inside = _inside_constraints(contents, key)
    indexes = [index for constraint in inside for index in contents.of(constraint, "index")]
    not_null_names = contents.of(key, "not null constraint")
    sequences = [sequence for column in columns if (sequence := identity_sequence(contents, column)) is not None]
    alter = f"ALTER {key.kind.upper()} ONLY {key.object}"
    lines = [
        *_create(contents, key, facts, columns, inside),
        *_security_lines(alter, facts),
        *(line for column in columns for line in later_lines(contents, column, alter)),
        *_inherited_column_lines(contents, facts, columns, alter),
        *(line for index in indexes for line in index_lines(contents, index, key)),
        *attachments(contents, key, *contents.of(key, "column"), *inside, *not_null_names, *indexes, *sequences),
    ]
    makes = frozenset({key, *contents.of(key, "column"), *inside, *not_null_names, *indexes, *sequences})
    needs = set(contents.needs(*makes)) | set(parent_tables(contents, facts))
    for column in columns:
        if default_key(column) in contents.apart:
            needs -= {needed for needed in contents.needs(column) if needed.kind in ("function", "sequence")}
    return Part(makes, frozenset(needs - makes), Phase.TABLES, key.object, tuple(lines))


def _create(
    contents: Contents, key: ObjectKey, facts: dict[str, str], columns: list[ObjectKey], inside: list[ObjectKey]
) -> list[str]:
    unlogged = "UNLOGGED " if facts.get("persistence") == "unlogged" else ""
    head = f"CREATE {unlogged}{key.kind.upper()} {key.object}"
    constraints = [f"CONSTRAINT {contents.local_name(one)} {contents.properties[one]['definition']}" for one in inside]
    tail = _tail(facts, key)
    if "partition of" in facts and key not in contents.alone and _is_like_parent(contents, facts, columns):
        return [f"{head} PARTITION OF {facts['partition of']}{_block(constraints)} {facts['partition bound']}{tail};"]
    if "partition of" in facts:
        return _create_and_attach(contents, key, facts, columns, [*constraints, *_parents_checks(contents, facts)])
    if "of type" in facts:
        with_options = [column_clause(contents, one, with_type=False) for one in columns]
        told = [clause for clause in with_options if not clause.endswith("WITH OPTIONS")]
        return [f"{head} OF {facts['of type']}{_block([*told, *constraints])}{tail};"]
    own = [one for one in columns if contents.properties[one].get("inherited") != "only"]
    first, later = _parents_in_time(contents, facts, columns)
    # A parent that comes later takes only tables whose columns are NOT NULL already.
    clauses = [column_clause(contents, one, with_inherited=bool(later)) for one in own]
    inherits = f" INHERITS ({', '.join(first)})" if first else ""
    create = f"{head}{_block([*clauses, *constraints]) or ' ()'}{inherits}{tail};"
    return [create, *(f"ALTER TABLE ONLY {key.object} INHERIT {parent};" for parent in later)]


def _parents_in_time(
    contents: Contents, facts: dict[str, str], columns: list[ObjectKey]
) -> tuple[list[str], list[str]]:
    """Distinguish the parents that CREATE TABLE names from those that must come later, or the columns would stand in another order."""
    parents = parent_tables(contents, facts)
    own = [contents.local_name(one) for one in columns]
    theirs = {parent: [contents.local_name(one) for one in ordered_columns(contents, parent)] for parent in parents}
    natural = list(dict.fromkeys([*(name for parent in parents for name in theirs[parent]), *own]))
    local = {contents.local_name(one) for one in columns if contents.properties[one].get("inherited") != "only"}
    later = [] if natural == own else [parent for parent in parents if local.issuperset(theirs[parent])]
    return [parent.object for parent in parents if parent not in later], [parent.object for parent in later]


def _create_and_attach(
    contents: Contents, key: ObjectKey, facts: dict[str, str], columns: list[ObjectKey], constraints: list[str]
) -> list[str]:
    # A table that is attached takes the identity of its parent's column (PostgreSQL 17 and later).
    clauses = [column_clause(contents, one, with_identity=contents.major < 17) for one in columns]
    create = f"CREATE {key.kind.upper()} {key.object}{_block([*clauses, *constraints])}{_tail(facts, key)};"
    attach = f"ALTER TABLE ONLY {facts['partition of']} ATTACH PARTITION {key.object} {facts['partition bound']};"
    return [create, attach]


def _tail(facts: dict[str, str], key: ObjectKey) -> str:
    partition_by = f"\nPARTITION BY {facts['partition key']}" if "partition key" in facts else ""
    server = f"\nSERVER {facts['server']}{wrapper_options(facts)}" if key.kind == "foreign table" else ""
    method = f"\nUSING {facts['access method']}" if "access method" in facts else ""
    given = options(facts)
    storage = f"\nWITH ({', '.join(given)})" if given else ""
    tablespace = f"\nTABLESPACE {facts['tablespace']}" if "tablespace" in facts else ""
    return partition_by + server + method + storage + tablespace


def _block(clauses: list[str]) -> str:
    return " (\n    " + ",\n    ".join(clauses) + "\n)" if clauses else ""


def _inside_constraints(contents: Contents, key: ObjectKey) -> list[ObjectKey]:
    inside = [one for one in contents.of(key, "constraint") if is_inside(contents, one)]
    return sorted(inside, key=lambda one: (CONSTRAINT_ORDER.index(contents.properties[one]["exists"]), one))


def _is_like_parent(contents: Contents, facts: dict[str, str], columns: list[ObjectKey]) -> bool:
    """Whether a partition's columns are the parent's, so that PARTITION OF makes them."""
    parents = parent_tables(contents, facts)
    if not parents:
        return False
    parent_columns = ordered_columns(contents, parents[0])
    if [contents.local_name(one) for one in columns] != [contents.local_name(one) for one in parent_columns]:
        return False
    return all(_is_like(contents, mine, theirs) for mine, theirs in zip(columns, parent_columns, strict=True))


def _is_like(contents: Contents, mine: ObjectKey, theirs: ObjectKey) -> bool:
    own, parents = contents.properties[mine], contents.properties[theirs]
    if any(own.get(name) != parents.get(name) for name in INHERITED_PROPERTIES):
        # Before PostgreSQL 17 a partition does not take the parent's identity: all else must agree still.
        return False
    if "not null" not in own or contents.major < 18:
        return True
    parent_name = parents.get("not null constraint", _usual_not_null_name(contents, theirs))
    return own.get("not null inherited") == "only" and own.get("not null constraint") == parent_name


def _usual_not_null_name(contents: Contents, column: ObjectKey) -> str:
    table = contents.parent(column).object.rpartition(".")[2]
    return f"{table}_{contents.local_name(column)}_not_null"


def _parents_checks(contents: Contents, facts: dict[str, str]) -> list[str]:
    """Return the CHECKs that a table must have before it can be attached."""
    checks = []
    for parent in parent_tables(contents, facts):
        for constraint in contents.of(parent, "constraint"):
            one = contents.properties[constraint]
            if one["exists"] == "check" and not one["definition"].endswith("NO INHERIT"):
                checks.append(f"CONSTRAINT {contents.local_name(constraint)} {one['definition']}")
        checks += _parents_checks(contents, contents.properties[parent])
    return checks


def _security_lines(alter: str, facts: dict[str, str]) -> list[str]:
    lines = []
    if "row security" in facts:
        lines.append(f"{alter} ENABLE ROW LEVEL SECURITY;")
    if "force row security" in facts:
        lines.append(f"{alter} FORCE ROW LEVEL SECURITY;")
    if facts.get("replica identity") in ("full", "nothing"):
        lines.append(f"{alter} REPLICA IDENTITY {facts['replica identity'].upper()};")
    return lines


def _inherited_column_lines(
    contents: Contents, facts: dict[str, str], columns: list[ObjectKey], alter: str
) -> list[str]:
    """Return what an inheriting table changes of columns that it has from its parents alone."""
    if "inherits" not in facts:
        return []
    theirs: dict[str, dict[str, str]] = {}
    for parent in reversed(parent_tables(contents, facts)):
        theirs |= {contents.local_name(one): contents.properties[one] for one in contents.of(parent, "column")}
    lines = []
    for column in columns:
        own, name = contents.properties[column], contents.local_name(column)
        if own.get("inherited") != "only" or "generated" in own:
            continue
        if own.get("default") != theirs.get(name, {}).get("default"):
            lines.append(
                f"{alter} ALTER COLUMN {name} {'SET DEFAULT ' + own['default'] if 'default' in own else 'DROP DEFAULT'};"
            )
        if "not null" in own and "not null inherited" not in own:
            named = not_null_clause(own).replace("NOT NULL", f"NOT NULL {name}", 1)
            adds = "not null constraint" in own and contents.major >= 18
            lines.append(f"{alter} ADD {named};" if adds else f"{alter} ALTER COLUMN {name} SET NOT NULL;")
    return lines


def _late_constraint(contents: Contents, table: ObjectKey, constraint: ObjectKey) -> Part:
    facts = contents.properties[constraint]
    is_foreign_key = facts["exists"] == "foreign key"
    # A foreign key of a partitioned table is made for its partitions too; other keys are written table by table.
    only = "" if is_foreign_key and "partition key" in contents.properties[table] else "ONLY "
    name = contents.local_name(constraint)
    lines = [f"ALTER {table.kind.upper()} {only}{table.object} ADD CONSTRAINT {name} {facts['definition']};"]
    indexes = contents.of(constraint, "index")
    lines += [line for index in indexes for line in index_lines(contents, index, table)]
    lines += attachments(contents, constraint, *indexes)
    makes = frozenset({constraint, *indexes})
    needs = contents.needs(*makes) | {table} | partitions_below(contents, table)
    phase = Phase.FOREIGN_KEYS if is_foreign_key else Phase.TABLES
    return Part(makes, needs - makes, phase, table.object, tuple(lines), rank=1)


def _late_default(contents: Contents, table: ObjectKey, column: ObjectKey) -> Part:
    default = contents.properties[column]["default"]
    sql = f"ALTER TABLE ONLY {table.object} ALTER COLUMN {contents.local_name(column)} SET DEFAULT {default};"
    return Part(
        frozenset({default_key(column)}), contents.needs(column) | {table}, Phase.TABLES, table.object, (sql,), rank=1
    )
