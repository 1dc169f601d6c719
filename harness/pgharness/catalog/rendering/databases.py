"""Writes foreign data wrappers and servers, publications, subscriptions, event triggers, default privileges, grants on the server's own."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering import current_database
from pgharness.catalog.rendering.attachments import attachments, grants, role
from pgharness.catalog.rendering.indexes import TRIGGER_STATES
from pgharness.catalog.rendering.parts import Contents, Part, Phase, wrapper_options

PUBLICATION_PARAMETERS = ("publish", "publish_via_partition_root", "publish_generated_columns")
SUBSCRIPTION_PARAMETERS = (
    "synchronous_commit",
    "binary",
    "streaming",
    "two_phase",
    "disable_on_error",
    "password_required",
    "run_as_owner",
    "origin",
    "failover",
)
# GRANT's words for what came with the server or an extension; a routine may be of any sort.
GIVEN_WORDS = {"view": "TABLE", "materialized view": "TABLE", "foreign table": "TABLE", "function": "ROUTINE"}

Facts = dict[str, str]


def parts(contents: Contents) -> Iterator[Part]:
    """Yield the parts that concern the database as a whole."""
    yield from _foreign_data(contents)
    yield from _publications(contents)
    for key, facts in contents.all("subscription"):
        yield _part(contents, key, _subscription(key, facts), Phase.PUBLICATIONS)
    for key, facts in contents.all("event trigger"):
        yield _part(contents, key, _event_trigger(key, facts), Phase.EVENT_TRIGGERS, *_event_trigger_state(key, facts))
    for key, facts in contents.all("default privileges"):
        lines = tuple(_default_privileges(facts))
        yield Part(frozenset({key}), frozenset(), Phase.DEFAULT_PRIVILEGES, key.object, lines)
    yield from _grants_on_given(contents)
    yield from current_database.parts(contents)


def _grants_on_given(contents: Contents) -> Iterator[Part]:
    """Yield the privileges on what came with the server or an extension: objects of which nothing else is told."""
    for key in contents.given:
        facts = contents.properties[key]
        on, columns = f"{GIVEN_WORDS.get(key.kind, key.kind.upper())} {key.object}", ""
        if key.kind == "column":
            table, _, column = key.object.rpartition(".")
            on, columns = f"TABLE {table}", f" ({column})"
        lines = grants(facts, on, columns=columns, came_with_database=True)
        needs = frozenset(extension for extension, _ in contents.all("extension"))
        yield Part(frozenset({key}), needs, Phase.DEFAULT_PRIVILEGES, key.object, tuple(lines), rank=1)


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
        yield Part(frozenset({key}), needs, Phase.FOREIGN_DATA, key.object, (sql,))


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
    return Part(frozenset({key}), needs, Phase.PUBLICATIONS, publication, (sql,), rank=1)


def _subscription(key: ObjectKey, facts: Facts) -> str:
    """Write a subscription that connects nowhere: its connection string is a secret, and not read."""
    slot = facts.get("slot_name", "NONE")
    given = ["connect = false", f"slot_name = {slot}"]
    given += [f"{name} = {facts[name]}" for name in SUBSCRIPTION_PARAMETERS if name in facts]
    return (
        f"CREATE SUBSCRIPTION {key.object} CONNECTION '' PUBLICATION {facts['publications']} WITH ({', '.join(given)});"
    )


def _event_trigger(key: ObjectKey, facts: Facts) -> str:
    tags = f"\n    WHEN TAG IN ({facts['tags']})" if "tags" in facts else ""
    return f"CREATE EVENT TRIGGER {key.object} ON {facts['event']}{tags}\n    EXECUTE FUNCTION {facts['function']};"


def _event_trigger_state(key: ObjectKey, facts: Facts) -> list[str]:
    return [f"ALTER EVENT TRIGGER {key.object} {TRIGGER_STATES[facts['state']]};"] if "state" in facts else []


def default_privileges_head(facts: Facts) -> str:
    """Write ALTER DEFAULT PRIVILEGES for the role and schema of these facts."""
    head = "ALTER DEFAULT PRIVILEGES"
    if "for role" in facts:
        head += f" FOR ROLE {facts['for role']}"
    if "in schema" in facts:
        head += f" IN SCHEMA {facts['in schema']}"
    return head


def _default_privileges(facts: Facts) -> list[str]:
    return [f"{default_privileges_head(facts)} {line}" for line in grants(facts, facts["on"].upper())]


def _part(contents: Contents, key: ObjectKey, sql: str, phase: Phase, *later: str) -> Part:
    lines = (sql, *later, *attachments(contents, key))
    return Part(frozenset({key}), contents.needs(key) - {key}, phase, key.object, lines)
