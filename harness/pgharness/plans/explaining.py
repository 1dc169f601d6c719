"""Has a server plan and carry out statements, and records the plans. What the statements change is rolled back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql

from pgharness.findings import CannotRun, Finding
from pgharness.plans.judging import Explained, judge_statement
from pgharness.plans.plan import Plan, PlanMode, read_plan
from pgharness.plans.statement import Parameters, Statement
from pgharness.servers import Connection

# Targets of ANALYZE, one a round: it reads 300 rows for each, and other rows every time. The small one sees what a large
# table looks like when statistics are poor.
STATISTICS_TARGETS = (100, 10, 100)


def judge_plans(
    connection: Connection, statements: Sequence[Statement], *, targets: Sequence[int] = STATISTICS_TARGETS
) -> tuple[Finding, ...]:
    """Explain statements under custom and generic plans after each ANALYZE, and give what is wrong with the plans.

    Each statement is carried out, in a transaction that is rolled back. Raises CannotRun for one that does not run.
    """
    explained = explain_statements(connection, statements, targets=targets)
    return tuple(
        finding for statement in statements for finding in judge_statement(statement, explained[statement.name])
    )


def explain_statements(
    connection: Connection, statements: Sequence[Statement], *, targets: Sequence[int] = STATISTICS_TARGETS
) -> dict[str, list[Explained]]:
    """Return the plans of each statement by its name: for each round of ANALYZE, sample and mode.

    Without targets there is one round, on the statistics that are there.
    """
    found: dict[str, list[Explained]] = {statement.name: [] for statement in statements}
    with connection.transaction(force_rollback=True):
        for number, target in enumerate(targets or (None,)):
            if target is not None:
                _analyze(connection, target)
            for statement in statements:
                for sample, parameters in enumerate(statement.samples):
                    for mode in PlanMode:
                        plan = explain(connection, statement, parameters, mode)
                        found[statement.name].append(Explained(mode, sample, number, plan))
    return found


def explain(connection: Connection, statement: Statement, parameters: Parameters, mode: PlanMode) -> Plan:
    """Carry a statement out twice and give the second plan: the first one also reads what the session has yet to learn."""
    with _prepared(connection, statement, mode) as call:
        for _ in range(2):
            document = _carry_out(connection, call, parameters)
    return read_plan(document, _wholes(connection))


def plan_only(connection: Connection, statement: Statement) -> Plan:
    """Return the plan that serves any parameters, without carrying the statement out."""
    with _prepared(connection, statement, PlanMode.GENERIC) as call:
        nulls = (None,) * _parameter_count(connection, statement)
        return read_plan(_document(connection, "EXPLAIN (FORMAT JSON)", call, nulls), _wholes(connection))


@contextmanager
def _prepared(connection: Connection, statement: Statement, mode: PlanMode) -> Iterator[sql.Identifier]:
    """Prepare a statement inside a transaction that is rolled back, and give its name."""
    name = sql.Identifier(_prepared_name(statement))
    with connection.transaction(force_rollback=True):
        connection.execute(sql.SQL("SET LOCAL plan_cache_mode = {}").format(sql.Literal(f"force_{mode}_plan")))
        try:
            # Statements are the project's own text, sent as they are.
            connection.execute(sql.SQL("PREPARE {} AS ").format(name) + sql.SQL(statement.sql))
        except psycopg.Error as error:
            raise _cannot(statement, error) from error
        try:
            yield name
        except psycopg.Error as error:
            raise _cannot(statement, error) from error
        finally:
            if connection.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
                connection.execute(sql.SQL("DEALLOCATE {}").format(name))


def _carry_out(connection: Connection, call: sql.Identifier, parameters: Parameters) -> dict[str, object]:
    with connection.transaction(force_rollback=True):
        return _document(connection, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)", call, parameters)


def _document(connection: Connection, how: str, call: sql.Identifier, parameters: Parameters) -> dict[str, object]:
    values = sql.SQL(", ").join(sql.Literal(value) for value in parameters)
    arguments = sql.SQL("({})").format(values) if parameters else sql.SQL("")
    row = connection.execute(sql.SQL("{} EXECUTE {}{}").format(sql.SQL(how), call, arguments)).fetchone()
    assert row is not None
    return dict(row[0][0])


def _wholes(connection: Connection) -> dict[str, list[str]]:
    """Return, for each index of a partition, the indexes of partitioned tables that it is part of."""
    return dict(
        connection.execute("""
            WITH RECURSIVE part(name, whole) AS (
                SELECT c.relname, inh.inhparent
                FROM pg_inherits inh
                JOIN pg_class c ON c.oid = inh.inhrelid AND c.relkind IN ('i', 'I')
                UNION ALL
                SELECT part.name, inh.inhparent FROM part JOIN pg_inherits inh ON inh.inhrelid = part.whole
            )
            SELECT part.name, array_agg(DISTINCT c.relname::text)
            FROM part
            JOIN pg_class c ON c.oid = part.whole
            GROUP BY part.name
        """)
    )


def _parameter_count(connection: Connection, statement: Statement) -> int:
    row = connection.execute(
        "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = %s", [_prepared_name(statement)]
    ).fetchone()
    assert row is not None
    return int(row[0])


def _prepared_name(statement: Statement) -> str:
    return f"pgharness {statement.name}"[:63]


def _analyze(connection: Connection, target: int) -> None:
    connection.execute(sql.SQL("SET LOCAL default_statistics_target = {}").format(sql.Literal(target)))
    connection.execute("ANALYZE")


def _cannot(statement: Statement, error: psycopg.Error) -> CannotRun:
    return CannotRun(
        f"The statement {statement.name} cannot be explained.",
        seen=f"{str(error).splitlines()[0]} (SQLSTATE {error.sqlstate})",
        mend="correct the statement or its samples",
    )
