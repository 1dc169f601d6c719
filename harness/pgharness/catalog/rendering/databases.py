"""Writes foreign data wrappers and servers, publications, event triggers and default privileges."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering.attachments import attachments, grants, role
from pgharness.catalog.rendering.indexes import TRIGGER_STATES
from pgharness.catalog.rendering.parts import Contents, Part, Phase, wrapper_options

PUBLICATION_PARAMETERS = ("publish", "publish_via_partition_root", "publish_generated_columns")

Facts = dict[str, str]


def parts(contents: Contents) -> Iterator[Part]:
    """Give the parts that concern the database as a whole."""
    yield from _foreign_data(contents)
    yield from _publications(contents)
    for key, facts in contents.all("event trigger"):
        yield _part(contents, key, _event_trigger(key, facts), Phase.EVENT_TRIGGERS)
    for key, facts in contents.all("default privileges"):
        sql = "\n".join(_default_privileges(facts))
        yield Part(frozenset({key}), frozenset(), Phase.DEFAULT_PRIVILEGES, key.object, sql)


def _foreign_data(contents: Contents) -> Iterator[Part]:
    for key, facts in contents.all("foreign data wrapper"):
        clauses = "".join(f" {name.upper()} {facts[name]}" for name in ("handler", "validator") if name in facts)
        sql = f"CREATE FOREIGN DATA WRAPPER {key.object}{clauses}{wrapper_options(facts)};"
        yield _part(contents, key, sql, Phase.FOREIGN_DATA)
    for key, facts in contents.all("server"):
        clauses = "".join(f" {name.upper()} {facts[name]}" for name in ("type", "version") if name in facts)
        wrapper = f" FOREIGN DATA WRAPPER {facts['foreign data wrapper']}{wrapper_options(facts)}"
        yield _part(contents, key, f"CREATE SERVER {key.object}{clauses}{wrapper};", Phase.FOREIGN_DATA)
    for key, facts in contents.all("user mapping"):
        sql = f"CREATE USER MAPPING FOR {role(facts['user'])} SERVER {facts['server']}{wrapper_options(facts)};"
        needs = frozenset({ObjectKey("server", facts["server"])})
        yield Part(frozenset({key}), needs, Phase.FOREIGN_DATA, key.object, sql)


def _publications(contents: Contents) -> Iterator[Part]:
    for key, facts in contents.all("publication"):
        everything = " FOR ALL TABLES" if "all tables" in facts else ""
        given = [f"{name} = '{facts[name]}'" for name in PUBLICATION_PARAMETERS if name in facts]
        parameters = f" WITH ({', '.join(given)})" if given else ""
        sql = f"CREATE PUBLICATION {key.object}{everything}{parameters};"
        yield _part(contents, key, sql, Phase.PUBLICATIONS)
    for key, facts in contents.all("publication table"):
        columns = f" ({facts['columns']})" if "columns" in facts else ""
        where = f" WHERE ({facts['where']})" if "where" in facts else ""
        member = f"TABLE ONLY {contents.parent(key).object}{columns}{where}"
        yield _publication_member(contents, key, member)
    for key, _ in contents.all("publication schema"):
        yield _publication_member(contents, key, f"TABLES IN SCHEMA {contents.parent(key).object}")


def _publication_member(contents: Contents, key: ObjectKey, member: str) -> Part:
    publication = key.object.removeprefix(f"{contents.parent(key).object} in publication ")
    needs = frozenset({ObjectKey("publication", publication), contents.parent(key)})
    sql = f"ALTER PUBLICATION {publication} ADD {member};"
    return Part(frozenset({key}), needs, Phase.PUBLICATIONS, publication, sql, rank=1)


def _event_trigger(key: ObjectKey, facts: Facts) -> str:
    tags = f"\n    WHEN TAG IN ({facts['tags']})" if "tags" in facts else ""
    create = f"CREATE EVENT TRIGGER {key.object} ON {facts['event']}{tags}\n    EXECUTE FUNCTION {facts['function']};"
    if "state" not in facts:
        return create
    return f"{create}\nALTER EVENT TRIGGER {key.object} {TRIGGER_STATES[facts['state']]};"


def _default_privileges(facts: Facts) -> list[str]:
    head = "ALTER DEFAULT PRIVILEGES"
    if "for role" in facts:
        head += f" FOR ROLE {facts['for role']}"
    if "in schema" in facts:
        head += f" IN SCHEMA {facts['in schema']}"
    return [f"{head} {line}" for line in grants(facts, facts["on"].upper())]


def _part(contents: Contents, key: ObjectKey, sql: str, phase: Phase) -> Part:
    lines = [sql, *attachments(contents, key)]
    return Part(frozenset({key}), contents.needs(key) - {key}, phase, key.object, "\n".join(lines))
