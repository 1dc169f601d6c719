"""Writes the columns of a table: their clause in CREATE TABLE and what can only be said afterwards."""

from __future__ import annotations

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.integer_types import LARGEST
from pgharness.catalog.rendering.parts import Contents, options, wrapper_options

BIGINT_MAXIMUM = 2**63 - 1
INTEGER_MAXIMUM = LARGEST["integer"]
SMALLINT_MAXIMUM = 2**15 - 1
MAXIMA = {"bigint": BIGINT_MAXIMUM, "integer": INTEGER_MAXIMUM, "smallint": SMALLINT_MAXIMUM}


def ordered_columns(contents: Contents, table: ObjectKey) -> list[ObjectKey]:
    """Return a table's columns in their order."""
    columns = [key for key in contents.of(table, "column") if "position" in contents.properties.get(key, {})]
    return sorted(columns, key=lambda key: int(contents.properties[key]["position"]))


def column_clause(
    contents: Contents,
    column: ObjectKey,
    *,
    with_type: bool = True,
    with_identity: bool = True,
    with_not_null: bool = True,
    with_inherited: bool = True,
) -> str:
    """Write a column as CREATE TABLE has it: name, type, collation, default or generation, NOT NULL (also one that parents alone give)."""
    facts = contents.properties[column]
    pieces = [contents.local_name(column), facts["type"] if with_type else "WITH OPTIONS"]
    pieces.append(wrapper_options(facts).strip())
    if "compression" in facts:
        pieces.append(f"COMPRESSION {facts['compression']}")
    if "collation" in facts:
        pieces.append(f"COLLATE {facts['collation']}")
    if "default" in facts and default_key(column) not in contents.apart:
        pieces.append(f"DEFAULT {facts['default']}")
    if "generated" in facts:
        pieces.append(f"GENERATED ALWAYS AS {facts['generated']}")
    if "identity" in facts and with_identity:
        pieces.append(identity_clause(contents, column))
    is_own = with_not_null and (with_inherited or facts.get("not null inherited") != "only")
    if "not null" in facts and "not null validated" not in facts and is_own:
        pieces.append(not_null_clause(facts))
    return " ".join(piece for piece in pieces if piece)


def identity_clause(contents: Contents, column: ObjectKey) -> str:
    """Write how an identity column gets its numbers."""
    kind = contents.properties[column]["identity"].upper()
    return f"GENERATED {kind} AS IDENTITY{_identity_options(contents, column)}"


def not_null_name(contents: Contents, column: ObjectKey) -> str:
    """Return the name of a column's NOT NULL, which is a fact only where it is not the one PostgreSQL would choose."""
    return contents.properties[column].get("not null constraint", _default_not_null_name(contents, column))


def not_null_clause(facts: dict[str, str]) -> str:
    """Write NOT NULL, with its name where that is not the one PostgreSQL would choose."""
    named = f"CONSTRAINT {facts['not null constraint']} " if "not null constraint" in facts else ""
    return f"{named}NOT NULL{' NO INHERIT' if 'not null no inherit' in facts else ''}"


def later_lines(contents: Contents, column: ObjectKey, alter: str) -> list[str]:
    """Write what is said of a column after CREATE TABLE; `alter` is `ALTER TABLE public.users`."""
    facts = contents.properties[column]
    name = contents.local_name(column)
    lines = []
    if "storage" in facts:
        lines.append(f"{alter} ALTER COLUMN {name} SET STORAGE {facts['storage'].upper()};")
    if "statistics target" in facts:
        lines.append(f"{alter} ALTER COLUMN {name} SET STATISTICS {facts['statistics target']};")
    set_options = options(facts)
    if set_options:
        lines.append(f"{alter} ALTER COLUMN {name} SET ({', '.join(set_options)});")
    if "not null validated" in facts:
        constraint = not_null_name(contents, column)
        lines.append(f"{alter} ADD CONSTRAINT {constraint} NOT NULL {name} NOT VALID;")
    return lines


def default_key(column: ObjectKey) -> ObjectKey:
    """Name a column's default as a thing of its own, for when it must come after its table."""
    return ObjectKey("column default", column.object)


def sequence_options(facts: dict[str, str]) -> list[str]:
    """Write the options of a sequence that differ from those of a new ascending bigint sequence."""
    data_type, increment = facts["type"], int(facts["increment"])
    maximum = MAXIMA[data_type] if increment > 0 else -1
    minimum = 1 if increment > 0 else -MAXIMA[data_type] - 1
    start = int(facts["minimum"]) if increment > 0 else int(facts["maximum"])
    usual = {"increment": 1, "minimum": minimum, "maximum": maximum, "start": start, "cache": 1}
    words = {
        "increment": "INCREMENT BY",
        "minimum": "MINVALUE",
        "maximum": "MAXVALUE",
        "start": "START WITH",
        "cache": "CACHE",
    }
    written = [f"{words[name]} {facts[name]}" for name, value in usual.items() if int(facts[name]) != value]
    return written + (["CYCLE"] if "cycle" in facts else [])


def sequence_clauses(facts: dict[str, str]) -> list[str]:
    """Write all options of a sequence, as ALTER SEQUENCE needs them to bring any sequence to these."""
    return [
        f"AS {facts['type']}",
        f"INCREMENT BY {facts['increment']}",
        f"MINVALUE {facts['minimum']}",
        f"MAXVALUE {facts['maximum']}",
        f"START WITH {facts['start']}",
        f"CACHE {facts['cache']}",
        "CYCLE" if "cycle" in facts else "NO CYCLE",
    ]


def identity_sequence(contents: Contents, column: ObjectKey) -> ObjectKey | None:
    """Return the sequence behind an identity column."""
    for sequence in contents.of(contents.parent(column), "sequence"):
        if contents.properties[sequence].get("identity of") == column.object:
            return sequence
    return None


def _identity_options(contents: Contents, column: ObjectKey) -> str:
    sequence = identity_sequence(contents, column)
    if sequence is None:
        return ""
    written = sequence_options(contents.properties[sequence])
    if sequence.object != f"{contents.parent(column).object}_{contents.local_name(column)}_seq":
        written.insert(0, f"SEQUENCE NAME {sequence.object}")
    return f" ({' '.join(written)})" if written else ""


def _default_not_null_name(contents: Contents, column: ObjectKey) -> str:
    table = contents.parent(column).object.rpartition(".")[2].strip('"')
    return f'"{table}_{contents.local_name(column).strip(chr(34))}_not_null"'
