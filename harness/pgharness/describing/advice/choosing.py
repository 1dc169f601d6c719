"""Chooses among all advice what fits a failure, and puts in the names that the server has said."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pgharness.catalog.identifiers import quoted
from pgharness.catalog.names import unquoted
from pgharness.catalog.proposing.python_words import string
from pgharness.describing.advice.extensions import EXTENSIONS
from pgharness.describing.advice.kind import Advice
from pgharness.describing.advice.objects import OBJECTS
from pgharness.describing.advice.programs import PROGRAMS
from pgharness.describing.advice.rows import ROWS
from pgharness.describing.advice.transactions import TRANSACTIONS
from pgharness.records.steps import Failure

ADVICE: tuple[Advice, ...] = (*ROWS, *EXTENSIONS, *OBJECTS, *TRANSACTIONS, *PROGRAMS)
"""Of those for one SQLSTATE the first that fits."""
_SQL = re.compile(r'op\.execute\("[^"]*"\)')
_CALL_ON_TABLE = re.compile(r'op\.(?!execute)\w+\((?:[^()]|\([^()]*\))*"\{table\}"(?:[^()]|\([^()]*\))*(?=\))')


def advice(failure: Failure, otherwise: str) -> str:
    """Return what mends the failure, or `otherwise`."""
    if failure.waited:
        return "let it run on the migration's own connection, op.get_bind(), which holds the lock"
    said = f"{failure.statement or ''}\n{failure.message}"
    for one in ADVICE:
        found = re.search(one.words, said, re.IGNORECASE) if one.sqlstate == (failure.sqlstate or "") else None
        if found is not None:
            groups = found.groupdict()
            return f"{_filled_in(one.mend, groups, _schema_of(groups.get('table') or '', failure))}, or {otherwise}"
    return otherwise


def _schema_of(table: str, failure: Failure) -> str:
    """Return the schema that the statement names before the table, which the server's messages leave out; empty where it names none."""
    name = rf'(?:"{re.escape(table)}"|{re.escape(table)})(?![\w$"])'
    found = re.search(rf'("(?:[^"]|"")+"|[\w$]+)\.{name}', failure.statement or "") if table else None
    return unquoted(found[1]) if found is not None else ""


def _filled_in(mend: str, groups: Mapping[str, str], schema: str) -> str:
    """Put in what was found; within SQL names are quoted where they have to be, as a Python literal holds that."""
    before = f"{quoted(schema)}." if schema else ""

    def in_sql(name: re.Match[str]) -> str:
        return string(f"{before if name[1] == 'table' else ''}{quoted(groups[name[1]])}")[1:-1]

    def executed(call: re.Match[str]) -> str:
        return re.sub(r"\{(table|column|schema)\}", in_sql, call[0])

    if schema:
        mend = _CALL_ON_TABLE.sub(lambda call: f"{call[0]}, schema={string(schema)}", mend)
    return re.sub(r"\{(\w+)\}", lambda name: groups[name[1]], _SQL.sub(executed, mend)) if groups else mend
