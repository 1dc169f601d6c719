"""Says what a downgrade may do about rows that only the new schema admits: refuse them, delete them, or bring them along."""

from __future__ import annotations

import re

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.index_shapes import read_foreign_keys
from pgharness.catalog.names import unqualified
from pgharness.catalog.proposing.python_words import operation, sql_text, string
from pgharness.catalog.rendering.parts import literal
from pgharness.describing.keeping_one import keep_one_of_each, refers_to
from pgharness.describing.rows_at_fault import ALTERED, rows_at_fault
from pgharness.records.steps import Failure

# NO ACTION and RESTRICT (pg_constraint.confdeltype)
_KEEPS = frozenset("ar")
_COUNTS = re.compile(r"SELECT count\(\*\) FROM (?P<table>\S+) WHERE (?P<condition>.+)", re.DOTALL)
_LABEL = re.compile(r'invalid input value for enum [^:\n]+: "(?P<label>.*)"')
_RANGES = {
    **dict.fromkeys(("smallint", "int2"), 2**15),
    **dict.fromkeys(("integer", "int", "int4"), 2**31),
    **dict.fromkeys(("bigint", "int8"), 2**63),
}
_TABLE = re.compile(r"ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(\S+)", re.IGNORECASE)
_TO_DIGITS = re.compile(
    r"\bTYPE\s+(?:numeric|decimal)\s*\((?P<precision>\d+)\s*(?:,\s*(?P<scale>\d+)\s*)?\)", re.IGNORECASE
)
_TO_TYPE = re.compile(r"\bTYPE\s+(?P<type>\w+)", re.IGNORECASE)


def what_to_do(failure: Failure, path: str, line: int | None, met: Snapshot) -> str:
    """Return the choices, as code where the statement tells which rows they are; rows of other tables of the catalog that it `met` may refer to these."""
    place = f"before line {line} of {path}" if line else f"before it in {path}"
    found = rows_at_fault(failure)
    if found is not None and found.keys:
        return (
            f"what becomes of such rows is known to you alone: {place} {keep_one_of_each(found.table, found.keys, found.condition, read_foreign_keys(met))}; "
            f"or refuse them there: {_refusal(_shared(found.table, found.keys, found.condition), f'two rows share {found.keys}')}"
        )
    at_fault = _met(failure)
    if at_fault is None:
        return f"let downgrade() in {path} bring such rows along (an UPDATE or a DELETE before), or raise NotImplementedError where it meets them"
    table, condition = at_fault
    where = f"rows of {table} where {condition}"
    return (
        f"what becomes of such rows is known to you alone: {place}, give them a value that fits (UPDATE {table} SET … WHERE {condition}); or "
        f"refuse them: {_refusal(f'SELECT FROM {table} WHERE {condition}', where)}; or delete them{_before_them(table, met)}: "
        f"{operation(f'DELETE FROM {table} WHERE {condition}')}"
    )


def _before_them(table: str, met: Snapshot) -> str:
    """Say whose rows, which refer to those of a table, keep them from being deleted."""
    keeping = (one for one in read_foreign_keys(met) if refers_to(one, table) and one.on_delete in _KEEPS)
    tables = dict.fromkeys(one.table for one in keeping if unqualified(one.table) != unqualified(table))
    return f", and before them the rows of {', '.join(tables)} that refer to them" if tables else ""


def _shared(table: str, keys: str, condition: str) -> str:
    return f"SELECT FROM {table} WHERE {condition} GROUP BY {keys} HAVING count(*) > 1"


def _refusal(query: str, what: str) -> str:
    return f"if op.get_bind().scalar({sql_text(f'SELECT EXISTS ({query})')}): raise NotImplementedError({string(what)})"


def _met(failure: Failure) -> tuple[str, str] | None:
    """Return the table and the condition that the rows at fault meet; None where the failure does not tell."""
    statement = " ".join((failure.statement or "").split())
    found = rows_at_fault(failure)
    counts = _COUNTS.fullmatch(found.query) if found is not None else None
    if counts is not None:
        return counts["table"], counts["condition"]
    table, column = _TABLE.match(statement), ALTERED.search(statement)
    if table is None or column is None:
        return None
    label = _LABEL.search(failure.message)
    if label is not None:
        return table[1], f"{column[1]}::text = {literal(label['label'])}"
    beyond = _beyond(column[1], statement) if failure.sqlstate == "22003" else ""
    return (table[1], beyond) if beyond else None


def _beyond(column: str, statement: str) -> str:
    """Return for which numbers of a column its new type has no room; empty where that is not known of the type."""
    if (digits := _TO_DIGITS.search(statement)) is not None:
        scale = int(digits["scale"] or 0)
        return f"abs(round({column}::numeric, {scale})) >= {10 ** (int(digits['precision']) - scale)}"
    kind = _TO_TYPE.search(statement)
    end = _RANGES.get(kind["type"].lower()) if kind is not None else None
    return f"{column} NOT BETWEEN {-end} AND {end - 1}" if end else ""
