"""What to write instead of a statement that works on rows under a lock, with the statement's own names."""

from __future__ import annotations

import re
from dataclasses import replace

from pgharness.catalog.identifiers import quoted
from pgharness.catalog.names import qualifier, unqualified
from pgharness.records.trace import Work
from pgharness.trace.occurrences import Occurrence
from pgharness.trace.statement_parts import actions_of, in_parentheses, the_one

_NAME = r'"[^"]+"|\w+'
_CREATES_INDEX = re.compile(r"^\s*CREATE\s+(UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY\b)", re.IGNORECASE)
_INDEX_PARTS = re.compile(
    rf"^\s*(?P<head>CREATE\s+(?:UNIQUE\s+)?INDEX\s+)(?!CONCURRENTLY\b)(?:IF\s+NOT\s+EXISTS\s+)?(?:(?!ON\b)(?P<name>{_NAME})\s+)?ON\s+"
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
_REFRESHES = re.compile(r"^\s*REFRESH\s+MATERIALIZED\s+VIEW\s+(?!CONCURRENTLY\b)", re.IGNORECASE)
_CHANGES_TYPE = re.compile(r"\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b", re.IGNORECASE)
_SETS_PERSISTENCE = re.compile(r"\bSET\s+(UN)?LOGGED\b", re.IGNORECASE)
_SETS_NOT_NULL = re.compile(rf"\bALTER\s+(?:COLUMN\s+)?(?P<column>{_NAME})\s+SET\s+NOT\s+NULL\b", re.IGNORECASE)
_ADDS_CONSTRAINT = re.compile(
    rf"^ADD\s+(CONSTRAINT\s+(?P<name>{_NAME})\s+)?(CHECK|FOREIGN\s+KEY|NOT\s+NULL|UNIQUE|PRIMARY\s+KEY|EXCLUDE)\b",
    re.IGNORECASE,
)
_ADDS_COLUMN = re.compile(
    rf"^ADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?P<column>{_NAME})\s+(?P<rest>.+)", re.IGNORECASE | re.DOTALL
)
_CONSTRAINTS_OF_COLUMN = re.compile(
    r"\s*\b(?:CONSTRAINT\s+\S+\s+)?(?:NOT\s+NULL|NULL|UNIQUE|PRIMARY\s+KEY|CHECK|REFERENCES|DEFAULT|GENERATED)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_DEFAULT = re.compile(r"(?<!BY\s)\bDEFAULT\s+(?P<value>.+)", re.IGNORECASE | re.DOTALL)
_BEHIND_DEFAULT = re.compile(
    r"\s+(?:CONSTRAINT\s+\S+\s+)?(?:NOT\s+NULL|UNIQUE|CHECK\s*\(|REFERENCES)\b.*", re.IGNORECASE | re.DOTALL
)
_REFERENCES = re.compile(
    r"\bREFERENCES\s+(?P<to>(?:\"[^\"]+\"|[\w.])+\s*(?:\([^)]*\))?(?:\s+(?:ON|MATCH)\s.*)?)", re.IGNORECASE | re.DOTALL
)
_NUMBERED = re.compile(r"^(?P<size>small|big)?serial\d?\b|\bAS\s+IDENTITY\b", re.IGNORECASE)
_STORED = re.compile(r"\bGENERATED\b.*\bSTORED\b", re.IGNORECASE | re.DOTALL)
_ATTACHES = re.compile(r"\bATTACH\s+PARTITION\b|\bPARTITION\s+OF\b", re.IGNORECASE)
_WRITES_ALL = re.compile(r"^\s*UPDATE\b(?!.*\bWHERE\b)", re.IGNORECASE | re.DOTALL)
_DOMAIN = re.compile(r"^\s*ALTER\s+DOMAIN\s+(?P<name>\S+)\s+(?P<action>.*)", re.IGNORECASE | re.DOTALL)
_BLOCK = "with op.get_context().autocommit_block(): "
_FILLED = " with a constant, which spares the look at the rows, and the same server_default in the model"
_IN_PIECES = "then fill it in pieces in an autocommit block"


def _sql(one: Occurrence) -> str:
    return the_one(one.statement.statement.sql, one.work.name) or " ".join(one.statement.statement.sql.split())


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip('"')


def execute(sql: str) -> str:
    """Return the call that sends a statement."""
    return f"op.execute({sql!r})" if '"' in sql or "\\" in sql else f'op.execute("{sql}")'


def fix_index_build(one: Occurrence) -> str:
    """Return how to build an index while writes go on."""
    sql = _sql(one)
    if (parts := _INDEX_PARTS.match(sql)) and one.lock.kind == "partitioned table":
        return _fix_index_of_partitions(one, parts)
    if match := _CREATES_INDEX.match(sql):
        created = execute(f"{match[0]}CONCURRENTLY {sql[match.end() :]}")
        return f"{_BLOCK}{_drop_unfinished(one)}; {created}, in a revision of its own"
    if match := _REINDEXES.match(sql):
        rebuilt = execute(match[0] + "CONCURRENTLY " + sql[match.end() :])
        return f"{_BLOCK}{_drop_unfinished(one, '_ccnew')}; {rebuilt}, in a revision of its own"
    if _CHANGES_TYPE.search(sql):
        return (
            f"where {one.work.name} is no constraint's, DROP INDEX CONCURRENTLY IF EXISTS {_of(one.work)} before it and CREATE INDEX CONCURRENTLY after "
            "it, each in an autocommit block; where it is, add a new column beside it, let the application write both, fill it in pieces, "
            "and drop the old one in a later release"
        )
    if _ATTACHES.search(sql):
        return (
            f"before it, in a revision of its own, {_BLOCK}{_drop_unfinished(one)}; "
            f"{execute(f'CREATE INDEX CONCURRENTLY {quoted(one.work.name)} ON {one.work.relation} (…)')} for each index of the partitioned "
            "table, with the same columns: ATTACH PARTITION takes those that are there"
        )
    return _fix_index_of_constraint(one, sql)


def _fix_index_of_partitions(one: Occurrence, parts: re.Match[str]) -> str:
    """Return how to build an index on each partition by itself, and then take all of them into one of the whole table."""
    table = unqualified(one.lock.relation)
    name = parts["name"] or re.sub(r"\W+", "_", f"{table}{parts['rest']}").strip("_") + "_idx"
    only = execute(f"{parts['head']}{name} ON ONLY {parts['table']} {parts['rest']}")
    attached = "; ".join(_attach(one, unqualified(name), work) for work in _builds(one))
    built = _build_each(one, parts["head"], parts["rest"])
    return f"{only}; and in the next revision {built}, and then {attached}"


def _fix_index_of_constraint(one: Occurrence, sql: str) -> str:
    table, name = one.work.relation, quoted(one.work.name)
    for action in actions_of(sql)[1]:
        added, column = _ADDS_CONSTRAINT.match(action), _ADDS_COLUMN.match(action)
        kind = next((kind for kind in ("PRIMARY KEY", "UNIQUE", "EXCLUDE") if _has(kind, action)), "")
        if kind == "EXCLUDE":
            return "an exclusion constraint cannot be built concurrently: add it while the table is small, or while nobody writes"
        if not kind or not (added or column):
            continue
        columns = in_parentheses(action, kind.replace(" ", r"\s+") + r"(?:\s+NULLS\s+NOT\s+DISTINCT)?")
        if not added and column is not None:
            columns = column["column"]
        distinct = " NULLS NOT DISTINCT" if _has("NULLS NOT DISTINCT", action) else ""
        if one.lock.kind == "partitioned table":
            given = added["name"] if added else None
            return _fix_constraint_of_partitions(one, kind, columns, given, distinct)
        first = "" if added or column is None else f"{_plain_column(table, column)}; "
        build = execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns}){distinct}")
        add = execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name}")
        return f"{first}{_BLOCK}{_drop_unfinished(one)}; {build}, and then {add}"
    return _fix_hidden_index(one, sql)


def _fix_constraint_of_partitions(one: Occurrence, kind: str, columns: str, given: str | None, distinct: str) -> str:
    table = unqualified(one.lock.relation)
    plain = re.sub(r"\W+", "_", columns).strip("_")
    name = given or quoted(f"{_bare(table)}_pkey" if kind == "PRIMARY KEY" else f"{_bare(table)}_{plain}_key")
    built = _build_each(one, "CREATE UNIQUE INDEX ", f"({columns}){distinct}")
    taken = "; ".join(
        execute(
            f"ALTER TABLE {work.relation} ADD CONSTRAINT {quoted(work.name)} {kind} USING INDEX {quoted(work.name)}"
        )
        + f"; {_attach(one, name, work)}"
        for work in _builds(one)
    )
    whole = execute(f"ALTER TABLE ONLY {one.lock.relation} ADD CONSTRAINT {name} {kind}{distinct} ({columns})")
    return f"{whole}; and in the next revision {built}, and then {taken}"


def _builds(one: Occurrence) -> list[Work]:
    return [work for work in one.works if work.doing == "builds"]


def _build_each(one: Occurrence, head: str, rest: str) -> str:
    """Return the autocommit block that builds the index of each partition, also where a build before was stopped."""
    calls = (
        f"{_drop(work)}; {execute(f'{head}CONCURRENTLY {quoted(work.name)} ON {work.relation} {rest}')}"
        for work in _builds(one)
    )
    return f"{_BLOCK}{'; '.join(calls)}"


def _attach(one: Occurrence, name: str, work: Work) -> str:
    return execute(f"ALTER INDEX {_beside(one.lock.relation, name)} ATTACH PARTITION {_of(work)}")


def _fix_hidden_index(one: Occurrence, sql: str) -> str:
    """Return how to build an index that a DO block or a function builds: its statement, where the block has it, else as far as it is known."""
    hidden = next((match for pattern in _HIDDEN_INDEXES if (match := pattern.search(sql))), None)
    rest = f"{quoted(one.work.name)} ON {one.work.relation} (…)"
    if hidden is not None:
        rest = hidden["rest"].replace("''", "'") if hidden.re is _HIDDEN_INDEXES[0] else hidden["rest"]
    unique = "UNIQUE " if hidden and hidden["unique"] else ""
    created = execute(f"CREATE {unique}INDEX CONCURRENTLY {rest.strip()}")
    return f"{_BLOCK}{_drop_unfinished(one)}; {created}, in a revision of its own: within a function or a DO block nothing is built concurrently"


def _has(words: str, text: str) -> bool:
    pattern = words.replace(" ", r"\s+")
    return re.search(rf"\b{pattern}\b", text, re.IGNORECASE) is not None


def _plain_column(table: str, added: re.Match[str]) -> str:
    """Return the call that adds a column of an action without what constrains or fills it."""
    return execute(f"ALTER TABLE {table} ADD COLUMN {added['column']} {_type_of(added)}")


def _type_of(added: re.Match[str]) -> str:
    return _CONSTRAINTS_OF_COLUMN.sub("", added["rest"]).strip()


def _drop_unfinished(one: Occurrence, ending: str = "") -> str:
    """Return the call that takes away what a build that was stopped has left, so that the revision can be run again."""
    return _drop(replace(one.work, name=f"{one.work.name}{ending}"))


def _drop(work: Work) -> str:
    return execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_of(work)}")


def _of(work: Work) -> str:
    """Return the index of a build as a statement names it."""
    return _beside(work.relation, quoted(work.name))


def _beside(relation: str, name: str) -> str:
    """Return a name in the schema of a relation, where an index is in its table's, and a sequence in its column's."""
    schema = qualifier(relation)
    return f"{schema}.{name}" if schema else name


def fix_rewrite(one: Occurrence) -> str:
    """Return how to come to the same without writing the table anew under a lock."""
    sql = _sql(one)
    if _REFRESHES.match(sql):
        return f"{execute(_REFRESHES.sub('REFRESH MATERIALIZED VIEW CONCURRENTLY ', sql))}, which needs a unique index on it"
    if re.match(r"\s*(CLUSTER|VACUUM)\b", sql, re.IGNORECASE):
        return "leave it out of the chain: an operator runs it, or pg_repack, when nobody needs the table"
    if _SETS_PERSISTENCE.search(sql):
        return "leave it out of the chain: an operator does it when nobody needs the table, or while it is empty"
    added = [match for action in actions_of(sql)[1] if (match := _ADDS_COLUMN.match(action))]
    for column in (column for column in added if not _ADDS_CONSTRAINT.match(column[0])):
        if fix := _fix_added_column(one.work.relation, column):
            return fix
    return (
        "add a new column beside it, let the application write both, fill it in pieces in an autocommit block, and drop the old one in a "
        "later release"
    )


def _fix_added_column(table: str, added: re.Match[str]) -> str:
    column, rest = added["column"], added["rest"]
    if _STORED.search(rest):
        return f"add {column} as a plain column, let a trigger write it, and fill it in pieces in an autocommit block"
    if numbered := _NUMBERED.search(rest):
        kind = f"{(numbered['size'] or '').lower()}int" if "serial" in numbered[0].casefold() else _type_of(added)
        sequence = _beside(table, quoted(f"{_bare(table)}_{_bare(column)}_seq"))
        calls = (
            f"ALTER TABLE {table} ADD COLUMN {column} {kind}",
            f"CREATE SEQUENCE {sequence} OWNED BY {table}.{column}",
            f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT nextval('{sequence}')",
        )
        return f"{'; '.join(map(execute, calls))}; {_IN_PIECES}"
    if default := _DEFAULT.search(rest):
        value = _BEHIND_DEFAULT.sub("", default["value"]).strip()
        set_default = execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value}")
        return f"{_plain_column(table, added)}; {set_default}; {_IN_PIECES}"
    return (
        f"add {column} of the type that is under its domain, with the domain's CHECK as a constraint of the table, NOT VALID; and VALIDATE "
        "CONSTRAINT in the next revision"
    )


def fix_verification(one: Occurrence) -> str:
    """Return how to have the rows looked through while reads and writes go on."""
    sql, table = _sql(one), one.work.relation
    if not_null := _SETS_NOT_NULL.search(sql):
        column = not_null["column"]
        name = quoted(f"{_bare(column)}_not_null")
        return (
            f"{execute(f'ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID')}; in the next revision "
            f"{execute(f'ALTER TABLE {table} VALIDATE CONSTRAINT {name}')}; and in one after it "
            f"{execute(f'ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL')}; {execute(f'ALTER TABLE {table} DROP CONSTRAINT {name}')}"
        )
    if _ATTACHES.search(sql):
        return (
            "add a CHECK that implies the partition's bounds, NOT VALID, to the partition, and one that excludes them to the DEFAULT "
            "partition; validate both in a revision before this one"
        )
    if _has("USING INDEX", sql):
        return "before it, in revisions of their own: ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT"
    return _not_valid_first(one, sql)


def _not_valid_first(one: Occurrence, sql: str) -> str:
    """Return the same with NOT VALID, constraints of a new column by themselves."""
    head, actions = actions_of(sql)
    if re.search(r"\bALTER\s+CONSTRAINT\b.*\bENFORCED\b", sql, re.IGNORECASE):
        return (
            "DROP CONSTRAINT, and ADD CONSTRAINT it again with NOT VALID; and VALIDATE CONSTRAINT in the next revision"
        )
    written: list[str] = []
    names: list[str] = []
    filled = ""
    for action in actions:
        constraint, column = _ADDS_CONSTRAINT.match(action), _ADDS_COLUMN.match(action)
        if constraint is not None and not _has("NOT VALID", action):
            written.append(f"{action} NOT VALID")
            names.append(constraint["name"] or (quoted(one.work.name) if one.work.name else ""))
        elif constraint is None and column is not None:
            added, *alone = _of_column(one.work.relation, column)
            written += [added if alone or _lacks_default(column) else action, *alone]
            names += [_name_of(one.work.relation, column)] if alone else []
            filled = filled or (_FILLED if _lacks_default(column) else "")
        else:
            written.append(action)
    if not any(names) and filled:
        return f"{execute(f'{head} ' + ', '.join(written))}{filled}"
    if not any(names):
        return "add the constraint by itself with NOT VALID; and VALIDATE CONSTRAINT in the next revision"
    then = "; ".join(execute(f"{head} VALIDATE CONSTRAINT {name}") for name in names if name)
    return f"{execute(f'{head} ' + ', '.join(written))}{filled}; and in the next revision {then}{_before_18(one)}"


def _of_column(table: str, added: re.Match[str]) -> tuple[str, ...]:
    """Return the actions that add a column, with a default where NOT NULL asks for one, and its CHECK or foreign key with NOT VALID."""
    rest, name = added["rest"], _name_of(table, added)
    default = _DEFAULT.search(rest)
    value = f" DEFAULT {_BEHIND_DEFAULT.sub('', default['value']).strip()}" if default else ""
    value = " DEFAULT <value>" if _lacks_default(added) else value
    column = f"ADD COLUMN {added['column']} {_type_of(added)}{value}{' NOT NULL' if _has('NOT NULL', rest) else ''}"
    if check := in_parentheses(rest, "CHECK"):
        return column, f"ADD CONSTRAINT {name} CHECK ({check}) NOT VALID"
    if referred := _REFERENCES.search(rest):
        return (
            column,
            f"ADD CONSTRAINT {name} FOREIGN KEY ({added['column']}) REFERENCES {referred['to'].strip()} NOT VALID",
        )
    return (column,)


def _lacks_default(added: re.Match[str]) -> bool:
    """Whether each row that is there lacks a value for a new column that may not be NULL: the statement fails where there are any."""
    rest = added["rest"]
    gives_values = _DEFAULT.search(rest) or _NUMBERED.search(rest) or _has("GENERATED", rest)
    return _has("NOT NULL", rest) and not gives_values


def _name_of(table: str, added: re.Match[str]) -> str:
    """Return the name that PostgreSQL gives to the constraint of a column."""
    return quoted(
        f"{_bare(table)}_{_bare(added['column'])}_{'check' if in_parentheses(added['rest'], 'CHECK') else 'fkey'}"
    )


def _before_18(one: Occurrence) -> str:
    if one.lock.kind != "partitioned table" or one.work.doing != "validates":
        return ""
    return "; before PostgreSQL 18 so on each partition, and on the whole table when all have it"


def fix_foreign_key(one: Occurrence) -> str:
    """Return how to have a foreign key validated while writes go on."""
    return _not_valid_first(one, the_one(one.statement.statement.sql))


def fix_held_over(one: Occurrence) -> str:
    """Return how to work on rows when the lock of the earlier statement is gone."""
    if one.work.doing in {"verifies", "validates"}:
        return f"validate in a revision of its own, whose transaction holds no other lock: {execute(_sql(one))}"
    sql = _sql(one)
    if one.work.doing == "reads":
        return (
            "read before the statement that takes the lock, or in a revision of its own; where what is read is then written, all of that in a revision "
            "of its own, in pieces, each committed, in an autocommit block"
        )
    spared = ", with a WHERE that spares what the application has written since" if _WRITES_ALL.match(sql) else ""
    # What was bound to a statement is not in its text, so only the call that the revision has makes it again.
    sent = one.statement.statement
    call = f"what line {sent.line} sends" if sent.line else "what sends it now"
    return (
        "do it in a revision of its own, before or after, or in pieces, each committed, in an autocommit block: "
        f"{_BLOCK}{call if sent.parameters else execute(sql)}{spared}"
    )


def fix_scan(one: Occurrence) -> str:
    """Return how to spare the statement its look at the rows."""
    sql = _sql(one)
    if _ATTACHES.search(sql):
        return fix_verification(one)
    if domain := _DOMAIN.match(sql):
        return _fix_domain(domain)
    return "let a constraint that was validated before prove it, or do it while the table is small or nobody uses it"


def _fix_domain(altered: re.Match[str]) -> str:
    """Return how a domain gets a rule without a look at all rows of its type; to validate it blocks writes, whoever does it."""
    name, action = altered["name"], altered["action"]
    later = "and validate it while nobody writes: until it is validated it holds for what is written from now on"
    if _has("VALIDATE CONSTRAINT", action):
        return (
            "leave it out of the chain: an operator validates it while nobody writes; a CHECK of the table itself is validated without "
            "keeping anybody waiting"
        )
    if _has("SET NOT NULL", action):
        rule = f"ALTER DOMAIN {name} ADD CONSTRAINT {_bare(name)}_not_null CHECK (VALUE IS NOT NULL) NOT VALID"
        return f"{execute(rule)}, {later}"
    return f"{execute(f'ALTER DOMAIN {name} {action} NOT VALID')}, {later}"


def fix_move(_one: Occurrence) -> str:
    """Return what to do instead of copying a table's files."""
    return "leave it out of the chain: an operator moves the table when nobody needs it"
