"""Chooses among all advice what fits a failure, and puts in the names that the server has said."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pgharness.catalog.identifiers import quoted
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


def advice(failure: Failure, otherwise: str) -> str:
    """Return what mends the failure, or `otherwise`."""
    if failure.waited:
        return "let it run on the migration's own connection, op.get_bind(), which holds the lock"
    said = f"{failure.statement or ''}\n{failure.message}"
    for one in ADVICE:
        found = re.search(one.words, said, re.IGNORECASE) if one.sqlstate == (failure.sqlstate or "") else None
        if found is not None:
            return f"{_filled_in(one.mend, found.groupdict())}, or {otherwise}"
    return otherwise


def _filled_in(mend: str, groups: Mapping[str, str]) -> str:
    """Put in what was found; within SQL names are quoted where they have to be, as a Python literal holds that."""

    def executed(call: re.Match[str]) -> str:
        return re.sub(r"\{(table|column|schema)\}", lambda name: string(quoted(groups[name[1]]))[1:-1], call[0])

    return re.sub(r"\{(\w+)\}", lambda name: groups[name[1]], _SQL.sub(executed, mend)) if groups else mend
