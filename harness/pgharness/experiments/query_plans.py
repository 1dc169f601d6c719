"""Asks the server, at the heads, by which indexes it can serve the statements that an application sends."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from pgharness.experiments.experiment import Experiment, Site
from pgharness.findings import CannotRun
from pgharness.plans import Plan, Statement, StatementText, plan_only, read_statement_file
from pgharness.records.experiments import QueriesRecord, QueryRecord
from pgharness.records.steps import Failure
from pgharness.rows import fill_empty_tables
from pgharness.servers import Connection

# The tables hold next to nothing here, so what a plan would cost says nothing; what it can be does. The first plan shows
# what no index can serve, the next two which indexes find rows, and which give an order; the last one what is sorted where
# none does.
ONLY_INDEXES = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
PLANNER_SETTINGS: tuple[Mapping[str, str], ...] = (
    ONLY_INDEXES,
    {**ONLY_INDEXES, "enable_bitmapscan": "off"},
    {**ONLY_INDEXES, "enable_sort": "off", "enable_incremental_sort": "off"},
    {"enable_indexscan": "off", "enable_indexonlyscan": "off"},
)


def explain_queries(site: Site) -> QueriesRecord | None:
    """Plan each declared statement on tables that hold rows, without carrying it out; None where none are declared, or no database is at the heads."""
    path = site.settings.statements
    if path is None or site.at_heads is None:
        return None
    texts = read_statement_file(path)
    with site.at_heads.connect() as connection:
        fill_empty_tables(connection, rows_per_table=site.settings.rows_per_table, words=site.settings.words)
        return QueriesRecord(str(path), tuple(_explain_query(connection, text) for text in texts))


def _explain_query(connection: Connection, text: StatementText) -> QueryRecord:
    statement = Statement(text.name, text.sql)
    try:
        plans = tuple(_plan_under(connection, statement, settings) for settings in PLANNER_SETTINGS)
    except CannotRun as reason:
        return QueryRecord(text.name, text.sql, text.expectation, (), _failure_of(reason))
    return QueryRecord(text.name, text.sql, text.expectation, plans)


def _plan_under(connection: Connection, statement: Statement, settings: Mapping[str, str]) -> Plan:
    with connection.transaction(force_rollback=True):
        for name, value in settings.items():
            connection.execute(sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value)))
        return plan_only(connection, statement)


def _failure_of(reason: CannotRun) -> Failure:
    """Return why a statement does not run; the server's own words are the cause of what could not be done."""
    cause = reason.__cause__ or reason
    return Failure(type(cause).__name__, str(cause).strip(), sqlstate=getattr(cause, "sqlstate", None))


EXPERIMENT = Experiment("queries", explain_queries)
