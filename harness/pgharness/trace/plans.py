"""Asks the migration's session whether an index could have found the rows that a statement has read from end to end.

On the few rows of a test the planner reads a whole table where production would look one row up. The plan is asked for in a savepoint that
is rolled back, and with it all that was set for it; nothing is carried out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Sequence

from pgharness.chain.watch import Ask, QueryRefused
from pgharness.trace.statement_parts import statements_of

_HAS_A_PLAN = re.compile(r"\s*(UPDATE|DELETE|INSERT|MERGE|WITH|SELECT)\b", re.IGNORECASE)
_PARAMETER = re.compile(r"%\(\w+\)s|%s")
_SCAN = re.compile(r'\b(?P<kind>[\w ]+ Scan)\b.* on (?:"?[\w$]+"?\.)?(?P<table>"(?:[^"]|"")+"|[\w$]+)')
_SAVEPOINT = "pgharness_plan"


def looked_up(ask: Ask, sql: str, tables: Collection[str]) -> set[str]:
    """Return which of these tables, by name without schema, an index can serve in a statement that has just passed."""
    parts = statements_of(sql)
    # Of several at once EXPLAIN would carry out all but the first.
    if len(parts) != 1 or not _HAS_A_PLAN.match(parts[0]):
        return set()
    ask(f"SAVEPOINT {_SAVEPOINT}")
    try:
        ask("SET LOCAL enable_seqscan = off")
        plan = ask(_explain(sql))
    except QueryRefused:  # parameters before PostgreSQL 16, where nobody knows
        return set(tables) if _PARAMETER.search(sql) else set()
    finally:
        ask(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        ask(f"RELEASE SAVEPOINT {_SAVEPOINT}")
    return set(tables) - set(_read_whole([line or "" for (line,) in plan]))


def _read_whole(plan: Sequence[str]) -> Iterator[str]:
    """Yield the tables that a plan reads from end to end: without an index, or with one but without a condition for it."""
    for number, line in enumerate(plan):
        scan = _SCAN.search(line)
        has_condition = any("Index Cond:" in one for one in _beneath(line, plan[number + 1 :]))
        if scan is not None and not has_condition:
            yield scan["table"].strip('"')


def _beneath(line: str, following: Sequence[str]) -> Iterator[str]:
    return itertools.takewhile(lambda one: _indent(one) > _indent(line), following)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _explain(sql: str) -> str:
    """Return what asks for the plan, which needs no values for parameters (PostgreSQL 16, EXPLAIN, GENERIC_PLAN)."""
    numbers = itertools.count(1)
    numbered = _PARAMETER.sub(lambda _: f"${next(numbers)}", sql).replace("%%", "%")
    option = ", GENERIC_PLAN" if re.search(r"\$\d", numbered) else ""
    return f"EXPLAIN (COSTS OFF{option}) {numbered}"
