"""Changes the way by which a column gets its numbers: by an identity, or by a sequence of its own (serial); they go on where they stood."""

from __future__ import annotations

from pgharness.catalog.facts import ObjectKey
from pgharness.catalog.identifiers import quoted
from pgharness.catalog.names import qualifier, unqualified, unquoted
from pgharness.catalog.proposing import python_words as python
from pgharness.catalog.proposing.alembic_calls import altering_column
from pgharness.catalog.proposing.change import Change
from pgharness.catalog.rendering.attachments import attachments
from pgharness.catalog.rendering.columns import identity_clause, sequence_options
from pgharness.catalog.rendering.parts import Contents, literal

# What PostgreSQL cuts a name off at (NAMEDATALEN), less what is put behind it.
MAX_BYTES = 63 - len("_before")


def sequence_of(contents: Contents, column: ObjectKey) -> ObjectKey | None:
    """Return the sequence behind an identity or serial column."""
    for key in contents.of(contents.parent(column), "sequence"):
        facts = contents.properties[key]
        if column.object in (facts.get("identity of"), facts.get("owned by")):
            return key
    return None


def is_converted(change: Change) -> bool:
    """Whether a column has numbers on both sides, by an identity on one alone."""
    both = sequence_of(change.left, change.key), sequence_of(change.right, change.key)
    return None not in both and ("identity" in change.before) is not ("identity" in change.after)


def convert(change: Change) -> list[str]:
    """Write what leads from identity to serial, or back."""
    old, new = sequence_of(change.left, change.key), sequence_of(change.right, change.key)
    assert old is not None
    assert new is not None
    aside = _aside(old)
    column = f"{change.alter} ALTER COLUMN {change.local_name}"
    first = f"ALTER SEQUENCE {old.object} RENAME TO {unqualified(aside)};"
    position = f"SELECT setval({literal(new.object)}, last_value, is_called) FROM {aside};"
    if "identity" in change.after:
        return [
            *([_default(change, None)] if "default" in change.before else []),
            first,
            f"{column} ADD {identity_clause(change.right, change.key)};",
            position,
            f"DROP SEQUENCE {aside};",
        ]
    options = "".join(f" {one}" for one in sequence_options(change.right.properties[new]))
    return [
        first,
        f"CREATE SEQUENCE {new.object} AS {change.right.properties[new]['type']}{options};",
        position,
        f"{column} DROP IDENTITY;",
        *([_default(change, change.after["default"])] if "default" in change.after else []),
        f"ALTER SEQUENCE {new.object} OWNED BY {change.key.object};",
        *attachments(change.right, new),
    ]


def begin_after_rows(contents: Contents, column: ObjectKey) -> list[str]:
    """Write what lets a new sequence of a column begin after the highest number that is there."""
    sequence = sequence_of(contents, column)
    if sequence is None or int(contents.properties[sequence]["increment"]) < 0:
        return []
    start, name = contents.properties[sequence]["start"], contents.local_name(column)
    following = f"greatest(coalesce(max({name}), 0) + 1, {start})"
    return [f"SELECT setval({literal(sequence.object)}, {following}, false) FROM {contents.parent(column).object};"]


def _default(change: Change, value: str | None) -> str:
    act = "DROP DEFAULT" if value is None else f"SET DEFAULT {value}"
    written = "None" if value is None else python.sql_text(value)
    sql = f"{change.alter} ALTER COLUMN {change.local_name} {act};"
    return altering_column(change.left, change.key, sql, server_default=written)


def _aside(sequence: ObjectKey) -> str:
    """Return the name that a sequence has while another takes its place."""
    name = unquoted(unqualified(sequence.object)).encode()[:MAX_BYTES].decode(errors="ignore")
    return f"{qualifier(sequence.object)}.{quoted(name + '_before')}"
