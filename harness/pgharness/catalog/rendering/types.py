"""Writes schemas, extensions, collations and types."""

from __future__ import annotations

from collections.abc import Iterator

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.parts import Contents, Part, Phase, statement

PUBLIC = ObjectKey("schema", "public")
# Facts of a range or base type that are parameters of CREATE TYPE under the same name.
RANGE_PARAMETERS = ("subtype", "subtype_opclass", "collation", "canonical", "subtype_diff", "multirange_type_name")
BASE_PARAMETERS = (
    "input",
    "output",
    "receive",
    "send",
    "typmod_in",
    "typmod_out",
    "analyze",
    "subscript",
    "internallength",
    "alignment",
    "storage",
    "category",
    "preferred",
    "default",
    "element",
    "delimiter",
    "collatable",
)
COLLATION_PARAMETERS = ("provider", "locale", "lc_collate", "lc_ctype", "deterministic", "rules")


def parts(contents: Contents) -> Iterator[Part]:
    """Yield the parts that make the namespaces and the types of a catalog."""
    yield from _schemas(contents)
    for key, facts in contents.all("extension"):
        schema = (
            f" WITH SCHEMA {facts['schema']}" if ObjectKey("schema", facts["schema"]) in contents.properties else ""
        )
        sql = f"CREATE EXTENSION {key.object}{schema} VERSION '{facts['version']}';"
        yield _part(contents, key, sql, Phase.EXTENSIONS)
    for key, facts in contents.all("collation"):
        yield _part(
            contents, key, f"CREATE COLLATION {key.object} ({_parameters(facts, COLLATION_PARAMETERS)});", Phase.TYPES
        )
    for key, facts in contents.all("type"):
        yield from _type(contents, key, facts)


def _schemas(contents: Contents) -> Iterator[Part]:
    public = contents.properties.get(PUBLIC)
    if public is None:
        yield Part(frozenset(), frozenset(), Phase.SCHEMAS, "", ("DROP SCHEMA public;",))
    for key, _ in contents.all("schema"):
        created = [] if key == PUBLIC else [f"CREATE SCHEMA {key.object};"]
        lines = created + attachments(contents, key)
        if lines:
            yield Part(frozenset({key}), frozenset(), Phase.SCHEMAS, key.object, tuple(lines))


def _type(contents: Contents, key: ObjectKey, facts: dict[str, str]) -> Iterator[Part]:
    shell = ObjectKey("shell type", key.object)
    create_shell = f"CREATE TYPE {key.object};"
    if facts["exists"] == "shell type":
        yield _part(contents, key, create_shell, Phase.TYPES)
        return
    needs_shell = facts["exists"] == "base type" or "canonical" in facts
    if needs_shell:
        yield Part(frozenset({shell}), frozenset(), Phase.TYPES, key.object, (create_shell,))
    definition = {
        "enum": lambda: f"CREATE TYPE {key.object} AS ENUM ({'' if facts['labels'] == 'none' else facts['labels']});",
        "domain": lambda: _domain(contents, key, facts),
        "composite type": lambda: _composite(contents, key),
        "range type": lambda: f"CREATE TYPE {key.object} AS RANGE ({_parameters(facts, RANGE_PARAMETERS)});",
        "base type": lambda: f"CREATE TYPE {key.object} ({_base_parameters(facts)});",
    }[facts["exists"]]()
    yield _part(contents, key, definition, Phase.TYPES, needs=frozenset({shell}) if needs_shell else frozenset())


def _domain(contents: Contents, key: ObjectKey, facts: dict[str, str]) -> str:
    constraints = [(child, contents.properties[child]) for child in contents.of(key, "domain constraint")]
    named = f"CONSTRAINT {facts['not null constraint']} " if "not null constraint" in facts else ""
    clauses = [
        f"COLLATE {facts['collation']}" if "collation" in facts else "",
        f"DEFAULT {facts['default']}" if "default" in facts else "",
        f"{named}NOT NULL" if "not null" in facts else "",
        *(
            f"CONSTRAINT {contents.local_name(child)} {constraint['definition']}"
            for child, constraint in constraints
            if "validated" not in constraint
        ),
    ]
    return statement(f"CREATE DOMAIN {key.object} AS {facts['type']}", *(f"    {one}" for one in clauses if one))


def _late_check(contents: Contents, domain: ObjectKey, check: ObjectKey) -> list[str]:
    facts = contents.properties.get(check, {})
    if check.kind != "domain constraint" or "validated" not in facts:
        return []
    return [f"ALTER DOMAIN {domain.object} ADD CONSTRAINT {contents.local_name(check)} {facts['definition']};"]


def _composite(contents: Contents, key: ObjectKey) -> str:
    attributes = sorted(contents.of(key, "attribute"), key=lambda one: int(contents.properties[one]["position"]))
    lines = []
    for attribute in attributes:
        facts = contents.properties[attribute]
        collation = f" COLLATE {facts['collation']}" if "collation" in facts else ""
        lines.append(f"    {contents.local_name(attribute)} {facts['type']}{collation}")
    return f"CREATE TYPE {key.object} AS (\n" + ",\n".join(lines) + "\n);"


def _parameters(facts: dict[str, str], names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = {facts[name]}" for name in names if name in facts)


def _base_parameters(facts: dict[str, str]) -> str:
    by_value = ", passedbyvalue" if "passedbyvalue" in facts else ""
    return _parameters(facts, BASE_PARAMETERS) + by_value


def _part(
    contents: Contents, key: ObjectKey, sql: str, phase: Phase, needs: frozenset[ObjectKey] = frozenset()
) -> Part:
    children = [
        child
        for kind in ("attribute", "domain constraint", "domain not null constraint")
        for child in contents.of(key, kind)
    ]
    makes = frozenset({key, *children})
    late = [line for child in children for line in _late_check(contents, key, child)]
    lines = [sql, *late, *attachments(contents, key, *children)]
    return Part(makes, (contents.needs(*makes) | needs) - makes, phase, key.object, tuple(lines))
