"""Writes functions, aggregates, operators and their classes, casts, languages, conversions and text search objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.parts import Contents, Part, Phase

AGGREGATE_PARAMETERS = (
    "sfunc",
    "stype",
    "sspace",
    "finalfunc",
    "finalfunc_modify",
    "combinefunc",
    "serialfunc",
    "deserialfunc",
    "initcond",
    "msfunc",
    "minvfunc",
    "mstype",
    "msspace",
    "mfinalfunc",
    "mfinalfunc_modify",
    "minitcond",
    "parallel",
)
OPERATOR_PARAMETERS = ("function", "leftarg", "rightarg", "restrict", "join")
PARSER_PARAMETERS = ("start", "gettoken", "end", "lextypes", "headline")

Facts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Writer:
    """How objects of one kind are written, and where they stand."""

    kind: str
    write: Callable[[ObjectKey, Facts], Sequence[str]]
    phase: Phase = Phase.OPERATORS


def parts(contents: Contents) -> Iterator[Part]:
    """Yield the parts that make what can be called or what values are handled with."""
    for writer in WRITERS:
        for key, facts in contents.all(writer.kind):
            lines = (*writer.write(key, facts), *attachments(contents, key))
            needs = {_or_shell(contents, key, needed) for needed in contents.needs(key)}
            if "family" in facts:
                needs.add(
                    ObjectKey("operator family", f"{facts['family']} USING {key.object.rpartition(' USING ')[2]}")
                )
            yield Part(frozenset({key}), frozenset(needs - {key}), writer.phase, key.object, lines)


def _or_shell(contents: Contents, function: ObjectKey, needed: ObjectKey) -> ObjectKey:
    """Return the shell of a type that needs this very function: its input function comes before the type itself."""
    if needed.kind == "type" and function in contents.snapshot.dependencies.get(needed, ()):
        return ObjectKey("shell type", needed.object)
    return needed


def _function(_: ObjectKey, facts: Facts) -> Sequence[str]:
    if facts["exists"] != "aggregate":
        return [facts["definition"] + ";"]
    parameters = [f"{name} = {facts[name]}" for name in AGGREGATE_PARAMETERS if name in facts]
    parameters += [name for name in ("finalfunc_extra", "mfinalfunc_extra", "hypothetical") if name in facts]
    if "sortop" in facts:
        parameters.append(f"sortop = OPERATOR({facts['sortop']})")
    arguments = facts["arguments"] or "*"
    return [f"CREATE AGGREGATE {facts['name']}({arguments}) (\n    " + ",\n    ".join(parameters) + "\n);"]


def _operator(_: ObjectKey, facts: Facts) -> Sequence[str]:
    parameters = [f"{name} = {facts[name]}" for name in OPERATOR_PARAMETERS if name in facts]
    parameters += [
        f"{name} = OPERATOR({facts[name].rpartition('(')[0]})" for name in ("commutator", "negator") if name in facts
    ]
    parameters += [name for name in ("hashes", "merges") if name in facts]
    return [f"CREATE OPERATOR {facts['name']} ({', '.join(parameters)});"]


def _operator_class(key: ObjectKey, facts: Facts) -> Sequence[str]:
    name, _, method = key.object.rpartition(" USING ")
    default = " DEFAULT" if "default" in facts else ""
    storage = [f"STORAGE {facts['storage']}"] if "storage" in facts else []
    # An empty list is no syntax; the storage type of a class without one is its own type.
    members = _members(facts) + storage or [f"STORAGE {facts['type']}"]
    head = f"CREATE OPERATOR CLASS {name}{default} FOR TYPE {facts['type']} USING {method} FAMILY {facts['family']} AS"
    return [f"{head}\n    " + ",\n    ".join(members) + ";"]


def _operator_family(key: ObjectKey, facts: Facts) -> Sequence[str]:
    lines = [f"CREATE OPERATOR FAMILY {key.object};"]
    lines += [f"ALTER OPERATOR FAMILY {key.object} ADD {member};" for member in _members(facts)]
    return lines


def _members(facts: Facts) -> list[str]:
    """Write the operators (`operator 1 (integer, integer)`) and functions of a class or family."""
    operators = [f"OPERATOR {name.split()[1]} {value}" for name, value in facts.items() if name.startswith("operator ")]
    functions = [
        f"FUNCTION {name.removeprefix('function ')} {value}"
        for name, value in facts.items()
        if name.startswith("function ")
    ]
    return operators + functions


def _cast(key: ObjectKey, facts: Facts) -> Sequence[str]:
    how = {"inout": "WITH INOUT", "binary": "WITHOUT FUNCTION"}.get(
        facts.get("method", "")
    ) or f"WITH FUNCTION {facts['function']}"
    context = f" AS {facts['context'].upper()}" if "context" in facts else ""
    return [f"CREATE CAST {key.object} {how}{context};"]


def _transform(key: ObjectKey, facts: Facts) -> Sequence[str]:
    clauses = [f"{name.upper()} WITH FUNCTION {facts[name]}" for name in ("from sql", "to sql") if name in facts]
    return [f"CREATE TRANSFORM {key.object} ({', '.join(clauses)});"]


def _language(key: ObjectKey, facts: Facts) -> Sequence[str]:
    trusted = "TRUSTED " if "trusted" in facts else ""
    clauses = "".join(f" {name.upper()} {facts[name]}" for name in ("handler", "inline", "validator") if name in facts)
    return [f"CREATE {trusted}LANGUAGE {key.object}{clauses};"]


def _conversion(key: ObjectKey, facts: Facts) -> Sequence[str]:
    default = "DEFAULT " if "default" in facts else ""
    return [f"CREATE {default}CONVERSION {key.object} FOR {facts['from']} TO {facts['to']} FROM {facts['function']};"]


def _access_method(key: ObjectKey, facts: Facts) -> Sequence[str]:
    return [f"CREATE ACCESS METHOD {key.object} TYPE {facts['type']} HANDLER {facts['handler']};"]


def _parser(key: ObjectKey, facts: Facts) -> Sequence[str]:
    parameters = ", ".join(f"{name} = {facts[name]}" for name in PARSER_PARAMETERS if name in facts)
    return [f"CREATE TEXT SEARCH PARSER {key.object} ({parameters});"]


def _template(key: ObjectKey, facts: Facts) -> Sequence[str]:
    parameters = ", ".join(f"{name} = {facts[name]}" for name in ("init", "lexize") if name in facts)
    return [f"CREATE TEXT SEARCH TEMPLATE {key.object} ({parameters});"]


def _dictionary(key: ObjectKey, facts: Facts) -> Sequence[str]:
    given = f", {facts['options']}" if "options" in facts else ""
    return [f"CREATE TEXT SEARCH DICTIONARY {key.object} (template = {facts['template']}{given});"]


def _configuration(key: ObjectKey, facts: Facts) -> Sequence[str]:
    lines = [f"CREATE TEXT SEARCH CONFIGURATION {key.object} (parser = {facts['parser']});"]
    lines += [
        f"ALTER TEXT SEARCH CONFIGURATION {key.object} ADD MAPPING FOR {name.removeprefix('mapping ')} WITH {value};"
        for name, value in facts.items()
        if name.startswith("mapping ")
    ]
    return lines


WRITERS = (
    Writer("function", _function, Phase.FUNCTIONS),
    Writer("language", _language, Phase.TYPES),
    Writer("operator", _operator),
    Writer("operator family", _operator_family),
    Writer("operator class", _operator_class),
    Writer("cast", _cast),
    Writer("transform", _transform),
    Writer("conversion", _conversion),
    Writer("access method", _access_method),
    Writer("text search parser", _parser),
    Writer("text search template", _template),
    Writer("text search dictionary", _dictionary),
    Writer("text search configuration", _configuration),
)
