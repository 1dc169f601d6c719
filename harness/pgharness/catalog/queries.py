"""The statements that read a catalog, put together from the .sql files for a server's version: one for all, or pieces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from pgharness.catalog.carried import carried_query
from pgharness.findings import CannotRun

OLDEST_MAJOR = 15
NEWEST_MAJOR = 18

# What the server makes for itself at initdb has an oid below this (access/transam.h, FirstNormalObjectId).
FIRST_OWN_OID = 16384
# The oids of catalogs do not change (manual, "System Catalog Declarations and Initial Contents").
PG_TYPE, PG_PROC, PG_CLASS = 1247, 1255, 1259


@dataclass(frozen=True, slots=True)
class VersionedExpression:
    """An expression of the queries that servers before `since` do not know, and what stands for it there."""

    expression: str
    since: int
    before: str


# The queries are written for the newest version; release notes of each version, "System Catalogs".
VERSIONED_EXPRESSIONS = (
    VersionedExpression("con.conenforced", since=18, before="true"),
    VersionedExpression("con.conperiod", since=18, before="false"),
    VersionedExpression("p.pubgencols", since=18, before="'n'"),
    VersionedExpression("coll.colllocale", since=17, before="coll.colliculocale"),
    VersionedExpression("s.subfailover", since=17, before="false"),
    VersionedExpression("coll.collicurules", since=16, before="NULL"),
    VersionedExpression("s.subpasswordrequired", since=16, before="true"),
    VersionedExpression("s.subrunasowner", since=16, before="false"),
    VersionedExpression("s.suborigin", since=16, before="'any'"),
)

# Of what belongs to an extension only privileges are a user's own.
WITHOUT_MEMBERS = """\
WHERE fact.property LIKE 'grants to %'
   OR NOT EXISTS (SELECT FROM member WHERE member.classid = fact.class AND member.objid = fact.oid)"""

# Gives the columns their types, whichever part comes first.
TYPED = """\
SELECT NULL::oid AS class, NULL::oid AS oid, NULL::integer AS sub, NULL::oid AS parent_class, NULL::oid AS parent,
       NULL::text AS kind, NULL::text AS object, NULL::text AS property, NULL::text AS value
WHERE false"""

# The condition under which a part gives anything stands in the comment above it.
ONLY_WHERE = re.compile(r"^-- only where (.*(?:\n--    .*)*)", re.MULTILINE)

# A condition on privileges: not those on the thousands of rows that came with the server in pg_class (with pg_attribute), pg_proc and pg_type.
NOT_ON_SERVER_ROWS = f"given.oid >= {FIRST_OWN_OID} OR given.class NOT IN ({PG_CLASS}, {PG_PROC}, {PG_TYPE})"


@dataclass(frozen=True, slots=True)
class Queries:
    """A reading in pieces, for who reads a database often; together they give what `snapshot_query` gives.

    `present` gives the names of those of `rare` that give anything; `usual` gives what nearly every database has. Privileges come apart:
    all of them, or `own_grants` without those on what came with the server.
    """

    present: str
    usual: str
    rare: Mapping[str, str]
    all_grants: str
    own_grants: str


@cache
def snapshot_query(major: int) -> str:
    """Return the statement for a major version: rows of class, oid, sub, parent_class, parent, kind, object, property, value.

    Where the property is "*", the value is a JSON array of properties and values in turn.
    """
    return _statement(major, _parts(major).values())


@cache
def piecewise_queries(major: int) -> Queries:
    """Return the statements for a major version, of the same rows each; of `present`, rows of a name."""
    parts = dict(_parts(major))
    grants = parts.pop("grants")
    conditions = {
        name: found[1].replace("\n--", "\n") for name, text in parts.items() if (found := ONLY_WHERE.search(text))
    }
    return Queries(
        present="\nUNION ALL\n".join(f"SELECT '{name}' WHERE {condition}" for name, condition in conditions.items()),
        usual=_statement(major, [text for name, text in parts.items() if name not in conditions]),
        rare={name: _statement(major, [parts[name]]) for name in conditions},
        all_grants=_statement(major, [grants]),
        own_grants=_statement(
            major, [f"SELECT * FROM (\n{TYPED}\nUNION ALL\n{grants}) given\nWHERE {NOT_ON_SERVER_ROWS}"]
        ),
    )


def _statement(major: int, parts: Iterable[str]) -> str:
    facts = "\nUNION ALL\n".join([TYPED, *parts])
    return f"{_read('common', major)}SELECT fact.* FROM (\n{facts}) fact\n{WITHOUT_MEMBERS}"


@cache
def _parts(major: int) -> Mapping[str, str]:
    """Return the parts by name. Raises CannotRun for a version that is too old."""
    if major < OLDEST_MAJOR:
        raise CannotRun(
            "Could not read the catalog.",
            seen=f"a server of version {major}; catalogs are known from {OLDEST_MAJOR} to {NEWEST_MAJOR}",
            mend=f"use PostgreSQL {OLDEST_MAJOR} or newer",
        )
    names = sorted(entry.name.removesuffix(".sql") for entry in _folder().iterdir())
    return {name: _read(name, major) for name in names if name != "common"}


def _read(name: str, major: int) -> str:
    """Read a file, with what older servers know in the place of what they do not know."""
    query = _folder().joinpath(f"{name}.sql").read_text(encoding="utf-8").replace(":carried", carried_query())
    for versioned in VERSIONED_EXPRESSIONS:
        if major < versioned.since:
            query = query.replace(versioned.expression, versioned.before)
    return query


def _folder() -> Traversable:
    return files(__package__).joinpath("queries")
