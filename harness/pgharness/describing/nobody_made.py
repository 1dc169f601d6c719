"""Says what to do where a revision alters what no revision before it has made."""

from __future__ import annotations

import re

from pgharness.records.chain_record import ChainRecord
from pgharness.records.steps import Failure, RevisionRecord

# undefined_table, undefined_object, undefined_function, invalid_schema_name
_MISSING = ("42P01", "42704", "42883", "3F000")
_NAMED = re.compile(r'(?:relation|table|type|schema|function|view|index|sequence) "?(?:[\w$]+\.)?([\w$]+)')
_HAND_OVER = (
    "where it stood there before the first revision, hand that over: `pgharness snapshot --format sql postgresql://… > baseline.sql` of a "
    "database as it was then, and `--baseline baseline.sql`"
)


def mend_missing(record: ChainRecord, item: RevisionRecord, otherwise: str) -> str:
    """Return how to hand over what was there before the chain, with what to do otherwise; that alone where a revision made it."""
    if not lacks_what_nobody_made(record, item, item.upgrade.failure):
        return otherwise
    made_nothing = item.before.objects("table") == record.base.objects("table")
    return f"{_HAND_OVER}; or {otherwise}" if made_nothing else f"{otherwise}; or, {_HAND_OVER}"


def mend_put_back(record: RevisionRecord, name: str, otherwise: str) -> str:
    """Return the same where a downgrade leaves a function or a view that it puts in the place of one which was not there before the revision."""
    down = record.downgrade
    replaced = re.compile(rf"\bCREATE\s+OR\s+REPLACE\s[^;(]*?(?<![\w$]){re.escape(name)}(?![\w$])", re.IGNORECASE)
    steps = (record.upgrade, down) if down is not None else ()
    is_replaced = bool(steps) and all(any(replaced.search(one.sql) for one in step.statements) for step in steps)
    return f"{_HAND_OVER}; or {otherwise}" if is_replaced else otherwise


def lacks_what_nobody_made(record: ChainRecord, item: RevisionRecord, failure: Failure | None) -> bool:
    """Whether a step of a revision fails for an object that is not there, and that no revision before it makes."""
    named = _NAMED.search(failure.message) if failure is not None and failure.sqlstate in _MISSING else None
    return named is not None and not _was_made(record, item, named[1])


def _was_made(record: ChainRecord, item: RevisionRecord, name: str) -> bool:
    """Whether a revision before this one makes something of this name, or tries to.

    One that alters it, or puts an index on it, may catch that it is not there, and goes on.
    """
    made = re.compile(
        rf"\b(?:CREATE|RENAME)\b(?:(?!\b(?:ON|AS|FROM)\b)[^;(])*?(?<![\w$]){re.escape(name)}(?![\w$])", re.IGNORECASE
    )
    earlier = record.revisions[: record.revisions.index(item)]
    return any(made.search(statement.sql) for one in earlier for statement in one.upgrade.statements)
