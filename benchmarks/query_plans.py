"""What each query pattern costs in tables of several sizes: pages and time, custom and generic plans, sizes of indexes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import psycopg
from query_volumes import pattern_statements, volume

from flowforge_schema.queries import PATTERNS
from pgharness.databases import Databases
from pgharness.plans import Explained, PlanMode, explain_statements, foreign_key_statements, judge_statement
from tests.schema.test_plans import ON_ONE_PAGE

# Each round is planned on new statistics and carried out anew; the median of five is quiet enough for a plot.
TARGETS = (100, 10, 100, 10, 100)


@dataclass(frozen=True, slots=True)
class Cost:
    """One pattern at one size under one kind of plan: the most pages and rows over all samples, and the median time."""

    pattern: str
    shape: str
    runs: int
    mode: str
    buffers: int
    rows: float
    duration_ms: float


def measure_plans(databases: Databases, sizes: Sequence[int]) -> dict[str, Any]:
    """Return the costs, what the harness finds wrong (nothing, it is hoped), and the sizes of tables and indexes in bytes."""
    costs: list[Cost] = []
    found: list[str] = []
    relations: dict[int, list[dict[str, Any]]] = {}
    for runs in sizes:
        print(f"a volume of {runs:,} runs", flush=True)
        with volume(databases, runs) as database, database.connect() as connection:
            statements = [*pattern_statements(connection), *foreign_key_statements(connection)]
            explained = explain_statements(connection, statements, targets=TARGETS)
            for statement in statements:
                if (statement.name, runs) in ON_ONE_PAGE:
                    continue
                found += [
                    f"{runs}: {one.subject}: {one.message}"
                    for one in judge_statement(statement, explained[statement.name])
                ]
            costs += [
                _cost(explained[pattern.name], pattern.name, pattern.shape, runs, mode)
                for pattern in PATTERNS
                for mode in PlanMode
            ]
            relations[runs] = _relation_sizes(connection)
    return {
        "costs": [asdict(cost) for cost in costs],
        "findings": found,
        "relations": relations,
        "rounds": len(TARGETS),
    }


def _cost(explained: list[Explained], pattern: str, shape: str, runs: int, mode: PlanMode) -> Cost:
    plans = [one.plan for one in explained if one.mode is mode]
    return Cost(
        pattern,
        str(shape),
        runs,
        str(mode),
        buffers=max(plan.buffers for plan in plans),
        rows=max(plan.rows for plan in plans),
        duration_ms=median(plan.duration_ms for plan in plans),
    )


def _relation_sizes(connection: psycopg.Connection) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT c.relname, c.relkind::text, coalesce(i.indrelid, c.oid)::regclass::text, pg_relation_size(c.oid)"
        " FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i') ORDER BY 3, 2 DESC, 4 DESC, 1"
    )
    return [
        {"name": name, "kind": "index" if kind == "i" else "table", "table": table, "size_bytes": size}
        for name, kind, table, size in rows
    ]
