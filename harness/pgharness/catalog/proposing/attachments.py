"""Changes of what any object can carry: owner, comment, security labels, privileges, options."""

from __future__ import annotations

from collections.abc import Callable

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.proposing.alembic_calls import commenting
from pgharness.catalog.proposing.change import Change, Facts, NoStatementError, Wanted
from pgharness.catalog.rendering.attachments import GRANT_WORDS, GRANTS, OWNER, grants, role
from pgharness.catalog.rendering.databases import default_privileges_head
from pgharness.catalog.rendering.parts import Contents, literal, options

# What everybody may do with a new object of a kind (manual, 5.8 "Privileges").
PUBLIC_PRIVILEGES = {
    "function": "EXECUTE",
    "procedure": "EXECUTE",
    "aggregate": "EXECUTE",
    "type": "USAGE",
    "language": "USAGE",
}


PUBLIC = ObjectKey("schema", "public")
DEFAULTS_ON = {
    "table": "tables",
    "view": "tables",
    "materialized view": "tables",
    "foreign table": "tables",
    "sequence": "sequences",
    "function": "functions",
    "type": "types",
    "schema": "schemas",
}


def change_attached(change: Change, wanted: Wanted) -> list[str]:
    """Write what brings owner, comment, labels, privileges and options to what they are to be."""
    lines = []
    if "owner" in wanted and change.key == PUBLIC:
        # Back with its first owner it has again what it came with.
        for name in [one for one, value in wanted.items() if one.startswith("grants to ") and value is None]:
            del wanted[name]
    # A new owner takes the old one's privileges over, so it comes first.
    for name in sorted(wanted, key=lambda one: one != "owner"):
        written = _written(change, name, wanted[name])
        if written is not None:
            del wanted[name]
            lines += written
    return lines


def _written(change: Change, name: str, value: str | None) -> list[str] | None:
    write = next((write for prefix, write in WRITERS.items() if name.startswith(prefix)), None)
    return None if write is None else write(change, name, value)


def _change_owner(change: Change, _: str, value: str | None) -> list[str]:
    return [f"ALTER {change.named} OWNER TO {_owner(change, value)};"]


def _comment(change: Change, _: str, value: str | None) -> list[str]:
    sql = f"COMMENT ON {change.named} IS {'NULL' if value is None else literal(value)};"
    return [commenting(change.left, change.key, sql, value)]


def _label(change: Change, name: str, value: str | None) -> list[str]:
    label = "NULL" if value is None else literal(value)
    return [f"SECURITY LABEL FOR {name.removeprefix('security label ')} ON {change.named} IS {label};"]


def _owner(change: Change, value: str | None) -> str:
    if value is not None:
        return role(value)
    return "pg_database_owner" if change.key == PUBLIC else "CURRENT_USER"


def _privileges(change: Change, name: str, value: str | None) -> list[str]:
    """Take away what the grantee has, and grant what it is to have."""
    match = GRANTS.fullmatch(name)
    assert match is not None
    grantee = match["grantee"]
    on, columns = privileges_on(change)
    if value is None and "exists" not in change.before and change.key not in change.left.snapshot.parents:
        raise NoStatementError("what PostgreSQL or an extension grants by itself is not recorded")
    facts: Facts = {name: value or "none"}
    if value is None and grantee == "PUBLIC":
        word = change.before.get("exists", change.key.kind) if change.key.kind == "function" else change.key.kind
        facts = {name: PUBLIC_PRIVILEGES.get(word, PUBLIC_PRIVILEGES.get(change.key.kind, "none"))}
        if change.key == PUBLIC:
            facts = {name: "USAGE"}
    if value is None and grantee in (OWNER, change.before.get("owner")):
        facts = {name: "ALL"}
    written = grants(facts, on, columns=columns, came_with_database=not columns)
    if columns:
        revoke = f"REVOKE ALL{columns} ON {on} FROM {role(grantee)};"
        grantor = match["grantor"]
        written = [
            *([f"SET ROLE {grantor};"] if grantor else []),
            revoke,
            *(["RESET ROLE;"] if grantor else []),
            *written,
        ]
    return written


def undo_default_privileges(left: Contents, right: Contents, key: ObjectKey) -> list[str]:
    """Write what takes from a new object what ALTER DEFAULT PRIVILEGES gave it, where it is not to have that."""
    facts = right.properties.get(key, {})
    change = Change(key, right, right)
    return [
        line
        for _, default in left.all("default privileges")
        if default["on"] == DEFAULTS_ON.get(key.kind) and "for role" not in default
        if "in schema" not in default or key.object.startswith(f"{default['in schema']}.")
        for name in default
        if name.startswith("grants to ")
        for line in _privileges(change, name, facts.get(name))
    ]


def privileges_on(change: Change) -> tuple[str, str]:
    """Return what GRANT names, and the column list where it is of a column."""
    if change.key.kind == "column":
        table, _, column = change.key.object.rpartition(".")
        parent = change.parent.object if change.parent != change.key else table
        return f"TABLE {parent}", f" ({change.local_name if change.parent != change.key else column})"
    word = change.before.get("exists", change.key.kind) if change.key.kind == "function" else change.key.kind
    if "exists" not in change.before and word == "function":
        return f"ROUTINE {change.key.object}", ""
    return f"{GRANT_WORDS.get(word, word.upper())} {change.key.object}", ""


def _option(change: Change, name: str, value: str | None) -> list[str]:
    column = f" ALTER COLUMN {change.local_name}" if change.key.kind == "column" else ""
    if value is None:
        return [f"{change.alter}{column} RESET ({name.removeprefix('option ')});"]
    return [f"{change.alter}{column} SET ({options({name: value})[0]});"]


def _wrapper_option(change: Change, name: str, value: str | None) -> list[str]:
    column = f" ALTER COLUMN {change.local_name}" if change.key.kind == "column" else ""
    written = options({name: value or ""}, "wrapper option ", between=" ")[0]
    if value is None:
        act = f"DROP {written.removesuffix(literal('')).rstrip()}"
    else:
        act = f"{'SET' if name in change.before else 'ADD'} {written}"
    return [f"{_with_options(change)}{column} OPTIONS ({act});"]


def _with_options(change: Change) -> str:
    if change.key.kind == "user mapping":
        return f"ALTER USER MAPPING FOR {role(change.after['user'])} SERVER {change.after['server']}"
    return change.alter


def default_privilege_lines(facts: Facts, name: str, value: str | None) -> list[str]:
    """Write what brings one grantee's default privileges to `value`, or to the built-in ones where that is None."""
    match = GRANTS.fullmatch(name)
    assert match is not None
    grantee, built_in = match["grantee"], "in schema" not in facts
    wanted = value or "none"
    if value is None and built_in and grantee == "PUBLIC":
        wanted = {"functions": "EXECUTE", "types": "USAGE"}.get(facts["on"], "none")
    if value is None and built_in and grantee == facts.get("for role", OWNER):
        wanted = "ALL"
    head = default_privileges_head(facts)
    on = facts["on"].upper()
    revoke = f"REVOKE ALL ON {on} FROM {role(grantee)};"
    return [f"{head} {line}" for line in dict.fromkeys((revoke, *grants({name: wanted}, on))) if line]


WRITERS: dict[str, Callable[[Change, str, str | None], list[str]]] = {
    "owner": _change_owner,
    "comment": _comment,
    "security label ": _label,
    "grants to ": _privileges,
    "wrapper option ": _wrapper_option,
    "option ": _option,
}
