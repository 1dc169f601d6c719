"""Says what to do about a row with a number that its sequence gives once more."""

from __future__ import annotations

from pgharness.catalog.names import unquoted
from pgharness.catalog.proposing.python_words import operation
from pgharness.catalog.rendering.parts import literal
from pgharness.records.given_numbers import GivenNumber
from pgharness.records.statements import Statement
from pgharness.records.steps import RevisionRecord


def mend_given(item: RevisionRecord | None, insert: Statement | None, table: str, column: str) -> str:
    """Say how the sequence gets behind the rows, and how it comes not to lag; at the line of the `insert`, where that is known."""
    path = f" of {item.revision.path}" if item is not None else ""
    place = f"behind line {insert.line}{path}" if insert is not None and insert.line else f"behind the INSERT{path}"
    return (
        f"{place}: {operation(_moved(table, column))}; or leave {column} out of the INSERT, for its sequence gives it"
    )


def mend_copied(item: RevisionRecord, given: GivenNumber) -> str:
    """Say how the sequence gets behind rows that come from elsewhere, or that stood there before it; by then each has its last name."""
    moved = operation(_moved(given.table, given.column, "" if given.is_own else given.sequence))
    return f"at the end of upgrade() in {item.revision.path}: {moved}"


def _moved(table: str, column: str, sequence: str = "") -> str:
    """Write what moves a sequence behind the rows; the function folds the case of the table's name, and not that of the column's."""
    own = f"pg_get_serial_sequence({literal(table)}, {literal(unquoted(column))})"
    sequence = literal(sequence) if sequence else own
    return f"SELECT setval({sequence}, (SELECT max({column}) FROM {table}))"
