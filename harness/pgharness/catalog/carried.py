"""What a database itself carries, beside what is in it: settings, privileges, a comment, a limit of connections.

CREATE DATABASE … TEMPLATE copies none of it, and `pg_dump` prints it with `--create` alone. The catalog tells it as facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]


# {property: value}: "setting work_mem", "setting work_mem of shop_reader", "grants to PUBLIC", "grants to a by b", "comment",
# "security label …", "connection limit". A property at its default is missing.
Carried = Mapping[str, str]

# Stands in a statement for the database's name, which may not be known yet. No text of PostgreSQL's can hold it.
NAME = "\0"

OWNER = "<owner>"
# What CREATE DATABASE grants (manual, 5.8 "Privileges").
_FIRST_GRANTS = {"grants to PUBLIC": "CONNECT, TEMPORARY", f"grants to {OWNER}": "CONNECT, CREATE, TEMPORARY"}
_ROLE = r'(?:"(?:[^"]|"")+"|\S+)'
_GRANTS = re.compile(rf"grants to (?P<grantee>{_ROLE})(?: by (?P<grantor>{_ROLE}))?")
_SETTING = re.compile(rf"setting (?P<name>\S+)(?: of (?P<role>{_ROLE}))?")
# Those that are kept as lists of quoted identifiers and can be set for a database (variable_is_guc_list_quote in pg_dump's dumputils.c).
_LISTS = frozenset({"local_preload_libraries", "search_path", "session_preload_libraries", "temp_tablespaces"})
_LIST_MEMBER = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^,\s]+)')
_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")


@cache
def carried_query() -> str:
    """Return the statement that reads it of the current database: rows of oid, property, value."""
    return files(__package__).joinpath("carried.sql").read_text(encoding="utf-8")


def read_carried(connection: Connection, database_name: str) -> Carried:
    """Read what a database carries, from any database of its server."""
    query = carried_query().replace("current_database()", "%(name)s")
    return {
        str(name): str(value)
        for _, name, value in connection.execute(query.encode(), {"name": database_name}).fetchall()
    }


def carry_over(connection: Connection, carried: Carried, database_name: str) -> None:
    """Copy to a fresh database what another carries, in one round trip; without one where that is nothing."""
    statements = changes({}, carried)
    if statements:
        quoted = sql.Identifier(database_name).as_string(connection)
        connection.execute("; ".join(statements).replace(NAME, quoted).encode())


def changes(before: Carried, after: Carried) -> list[str]:
    """Write the statements that bring a database from what it carries to what it is to carry; NAME stands for its name.

    They are for its owner; what another role granted is granted and revoked as that role.
    """
    changed = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    given = [_change(name, after.get(name)) for name in changed if not _GRANTS.fullmatch(name)]
    return [*given, *_grants([name for name in changed if _GRANTS.fullmatch(name)], before, after)]


def _change(name: str, value: str | None) -> str:
    if name == "comment":
        return f"COMMENT ON DATABASE {NAME} IS {_literal(value)}"
    if name == "connection limit":
        return f"ALTER DATABASE {NAME} CONNECTION LIMIT {value or -1}"
    if name.startswith("security label "):
        return f"SECURITY LABEL FOR {name.removeprefix('security label ')} ON DATABASE {NAME} IS {_literal(value)}"
    setting = _SETTING.fullmatch(name)
    assert setting is not None, name
    head = f"ALTER ROLE {_role(setting['role'])} IN DATABASE {NAME}" if setting["role"] else f"ALTER DATABASE {NAME}"
    written = setting["name"] if _PLAIN_NAME.fullmatch(setting["name"]) else _quoted(setting["name"])
    return f"{head} RESET {written}" if value is None else f"{head} SET {written} TO {_setting(setting['name'], value)}"


def _setting(name: str, value: str) -> str:
    """Write a setting's value; of a list each member by itself, for the whole would be taken for one name."""
    if name not in _LISTS:
        return _literal(value)
    members = (
        found["plain"] if found["quoted"] is None else found["quoted"].replace('""', '"')
        for found in _LIST_MEMBER.finditer(value)
    )
    return ", ".join(_literal(member) for member in members)


def _grants(names: Sequence[str], before: Carried, after: Carried) -> Iterator[str]:
    """Write what is revoked, then what is granted: one who passed a right on has it before those to whom, and loses it after them."""
    for name in sorted(names, key=lambda one: " by " not in one):
        old, new = _privileges(name, before), _privileges(name, after)
        lost = sorted(old.keys() - new.keys())
        kept = sorted(one for one, grantable in old.items() if grantable and new.get(one) is False)
        yield from _written("REVOKE {} ON DATABASE {} FROM {}", lost, name)
        yield from _written("REVOKE GRANT OPTION FOR {} ON DATABASE {} FROM {}", kept, name)
    for name in sorted(names, key=lambda one: " by " in one):
        old, new = _privileges(name, before), _privileges(name, after)
        for grantable, suffix in ((False, ""), (True, " WITH GRANT OPTION")):
            won = sorted(one for one in new if new[one] is grantable and (one not in old or grantable > old[one]))
            yield from _written(f"GRANT {{}} ON DATABASE {{}} TO {{}}{suffix}", won, name)


def _privileges(name: str, side: Carried) -> dict[str, bool]:
    """Return the privileges of a grantee, each with whether it may be passed on."""
    held = side.get(name, _FIRST_GRANTS.get(name, "none"))
    return {one.removesuffix("*"): one.endswith("*") for one in held.split(", ") if one != "none"}


def _written(template: str, privileges: Sequence[str], name: str) -> Iterator[str]:
    match = _GRANTS.fullmatch(name)
    assert match is not None
    if not privileges:
        return
    if match["grantor"]:
        yield f"SET ROLE {match['grantor']}"
    yield template.format(", ".join(privileges), NAME, _role(match["grantee"]))
    if match["grantor"]:
        yield "RESET ROLE"


def _role(name: str) -> str:
    return "CURRENT_USER" if name == OWNER else name


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
