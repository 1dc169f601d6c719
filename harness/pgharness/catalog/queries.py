"""The one statement that reads a catalog, put together from the .sql files for a server's version."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pgharness.findings import CannotRun

OLDEST_MAJOR = 15
NEWEST_MAJOR = 18


@dataclass(frozen=True, slots=True)
class VersionedExpression:
    """An expression of the queries that servers before `since` do not know, and what stands for it there."""

    expression: str
    since: int
    before: str


# The queries are written for the newest version; release notes of each version, "System Catalogs".
VERSIONED_EXPRESSIONS = (
    VersionedExpression("con.conenforced", since=18, before="true"),
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


@cache
def snapshot_query(major: int) -> str:
    """Give the statement for a major version: rows of class, oid, sub, parent_class, parent, kind, object, property, value."""
    if major < OLDEST_MAJOR:
        raise CannotRun(
            "The catalog cannot be read.",
            seen=f"a server of version {major}; catalogs are known from {OLDEST_MAJOR} to {NEWEST_MAJOR}",
            mend=f"use PostgreSQL {OLDEST_MAJOR} or newer",
        )
    parts = {
        entry.name: entry.read_text(encoding="utf-8") for entry in files(__package__).joinpath("queries").iterdir()
    }
    shared = parts.pop("common.sql")
    # Schemas come first: the types of the result's columns are those of the first part.
    first = parts.pop("schemas.sql")
    facts = "\nUNION ALL\n".join([first, *(parts[name] for name in sorted(parts))])
    query = f"{shared}SELECT fact.* FROM (\n{facts}) fact\n{WITHOUT_MEMBERS}"
    for versioned in VERSIONED_EXPRESSIONS:
        if major < versioned.since:
            query = query.replace(versioned.expression, versioned.before)
    return query
