"""What any object can carry: an owner, a comment, security labels, privileges."""

from __future__ import annotations

import re

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering.parts import Contents, literal

OWNER = "<owner>"
STANDARD_COMMENTS = {ObjectKey("schema", "public"): "standard public schema"}

# How statements name an object of a kind; kinds that are not here are named by the kind in capitals and the name.
PHRASES = {
    "attribute": "COLUMN {name}",
    "constraint": "CONSTRAINT {local} ON {parent}",
    "domain constraint": "CONSTRAINT {local} ON DOMAIN {parent}",
    "domain not null constraint": "CONSTRAINT {local} ON DOMAIN {parent}",
    "not null constraint": "CONSTRAINT {local} ON {parent}",
    "policy": "POLICY {local} ON {parent}",
    "rule": "RULE {local} ON {parent}",
    "trigger": "TRIGGER {local} ON {parent}",
}
# GRANT names every relation TABLE, every routine by its own word.
GRANT_WORDS = {
    "view": "TABLE",
    "materialized view": "TABLE",
    "foreign table": "TABLE",
    "server": "FOREIGN SERVER",
    "aggregate": "FUNCTION",
    "window function": "FUNCTION",
}
GRANTS = re.compile(r"grants to (?P<grantee>.+?)(?: by (?P<grantor>.+))?")


def phrase(contents: Contents, key: ObjectKey) -> str:
    """Name an object as COMMENT ON and ALTER do: `INDEX public.ix`, `CONSTRAINT ck ON public.users`."""
    word = _word(contents, key)
    template = PHRASES.get(key.kind, f"{word.upper()} {{name}}")
    name = key.object
    if word == "aggregate" and name.endswith("()"):
        name = name.removesuffix("()") + "(*)"  # as all statements want it, and no function prints it
    return template.format(name=name, local=contents.local_name(key), parent=contents.parent(key).object)


def attachments(contents: Contents, *keys: ObjectKey) -> list[str]:
    """Write owner, comment, labels and privileges of objects that were made just before."""
    return [line for key in keys for line in _attachments(contents, key)]


def grants(facts: dict[str, str], on: str, *, columns: str = "", came_with_database: bool = False) -> list[str]:
    """Write the grants and revokes that lead from a new object's privileges to these.

    Those whom a new object may have granted something are PUBLIC, its owner, and anyone where it came with the database.
    """
    came_with_database = came_with_database or on == "SCHEMA public"
    initial = {"PUBLIC", OWNER, facts.get("owner")}
    lines: list[str] = []
    # Those of the owner come first: others may grant on only once they hold the grant option.
    for name, value in sorted(facts.items(), key=lambda fact: " by " in fact[0]):
        match = GRANTS.fullmatch(name)
        if match is None:
            continue
        revokes = value == "none" or came_with_database or match["grantee"] in initial
        written = _grant(match["grantee"], value, on, columns, revokes=revokes and not columns)
        if match["grantor"] is not None:
            written = [f"SET ROLE {match['grantor']};", *written, "RESET ROLE;"]
        lines += written
    return lines


def role(name: str) -> str:
    """Write a role; the one that owns most is whoever runs the script."""
    return "CURRENT_USER" if name == OWNER else name


def _word(contents: Contents, key: ObjectKey) -> str:
    facts = contents.properties.get(key, {})
    if key.kind == "function":
        return "function" if facts.get("exists") == "window function" else facts.get("exists", "function")
    return key.kind


def _attachments(contents: Contents, key: ObjectKey) -> list[str]:
    facts = contents.properties.get(key, {})
    named = phrase(contents, key)
    lines = []
    if "owner" in facts:
        lines.append(f"ALTER {named} OWNER TO {role(facts['owner'])};")
    comment = facts.get("comment")
    if comment is not None and comment != STANDARD_COMMENTS.get(key):
        lines.append(f"COMMENT ON {named} IS {literal(comment)};")
    if comment is None and key in STANDARD_COMMENTS:
        lines.append(f"COMMENT ON {named} IS NULL;")
    lines += [
        f"SECURITY LABEL FOR {name.removeprefix('security label ')} ON {named} IS {literal(value)};"
        for name, value in facts.items()
        if name.startswith("security label ")
    ]
    if key.kind == "column":
        lines += grants(facts, f"TABLE {contents.parent(key).object}", columns=f" ({contents.local_name(key)})")
    else:
        word = _word(contents, key)
        lines += grants(facts, f"{GRANT_WORDS.get(word, word.upper())} {key.object}")
    return lines


def _grant(grantee: str, value: str, on: str, columns: str, *, revokes: bool) -> list[str]:
    privileges = [] if value == "none" else value.split(", ")
    lines = [f"REVOKE ALL ON {on} FROM {role(grantee)};"] if revokes else []
    for grantable in (False, True):
        held = [one.removesuffix("*") + columns for one in privileges if one.endswith("*") is grantable]
        if held:
            suffix = " WITH GRANT OPTION" if grantable else ""
            lines.append(f"GRANT {', '.join(held)} ON {on} TO {role(grantee)}{suffix};")
    return lines
