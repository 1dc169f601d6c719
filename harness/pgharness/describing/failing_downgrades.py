"""Says what to type into a downgrade that fails: by the catalog that the upgrade has left, and where only rows make it fail."""

from __future__ import annotations

import re

from pgharness.catalog.names import FULL_NAME, NAME
from pgharness.catalog.proposing.python_words import operation
from pgharness.describing.advice import advice
from pgharness.describing.corrections import corrected
from pgharness.records.steps import Failure, RevisionRecord

_ADDED = re.compile(
    rf"(?P<adds>ALTER TABLE (?:ONLY )?(?P<table>{FULL_NAME}) ADD (?:COLUMN )?(?P<column>{NAME})) (?P<type>[^,]+) NOT NULL;?",
    re.IGNORECASE,
)
# A table, a column, a constraint or a type of the name.
_IS_THERE = frozenset({"42P07", "42701", "42710"})
_DECLARE = 'declare allow = {"roundtrip": "<reason>"}'


def typed_back(record: RevisionRecord, failure: Failure, otherwise: str, declare: str = "") -> str:
    """Return what to type into a downgrade, which meets the catalog that the upgrade has left."""
    step = record.downgrade
    sent = step.statements if step is not None else ()
    path, after = record.revision.path, record.upgrade.snapshot
    return corrected(failure, path, after, otherwise, sent, is_back=True, declare=declare)


def mend_on_rows(record: RevisionRecord, failure: Failure) -> str:
    """Return what to write into a downgrade that fails on rows; a column that it brings back has a default until the rows have a value."""
    otherwise = (
        f"let the downgrade bring the rows along (a server_default, an UPDATE before SET NOT NULL), or {_DECLARE}"
    )
    path = record.revision.path
    if failure.sqlstate in _IS_THERE:
        return (
            f"upgrade() in {path} leaves it there where there are rows: let it take it away whatever there is, or let downgrade() make it only where "
            f"it is not there (if_not_exists=True), or {_DECLARE}"
        )
    added = _ADDED.fullmatch(" ".join((failure.statement or "").split()))
    typed = typed_back(record, failure, otherwise, f"or {_DECLARE}")
    if typed != otherwise or failure.sqlstate != "23502" or added is None or "DEFAULT" in added["type"].upper():
        return typed if typed != otherwise else advice(failure, otherwise)
    line = failure.line_in(path)
    place = f"in place of this statement of line {line} of {path}" if line else "in its place"
    until = f"{added['adds']} {added['type']} DEFAULT <value> NOT NULL"
    drops = f"ALTER TABLE {added['table']} ALTER COLUMN {added['column']} DROP DEFAULT"
    return f"{place}, with what fits its rows: {operation(until)}; {operation(drops)}; or {otherwise}"
