"""What is done with many objects takes work in proportion to their number; work is counted in Python's own instructions, not in time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest

from pgharness.catalog.diff import difference
from pgharness.catalog.facts import Snapshot
from pgharness.catalog.script import render_sql
from pgharness.catalog.snapshot import take_snapshot
from pgharness.checks import indices
from pgharness.databases import Database, Databases
from pgharness.describing.differences import describe_differences
from pgharness.describing.proposals import propose
from pgharness.findings import CheckResult, Finding, Status
from pgharness.records.chain_record import ChainRecord
from pgharness.records.revisions import Chain, Revision
from pgharness.report import FORMATS
from pgharness.report.model import Report, ServerFacts

FEW, TIMES = 15, 4
# Looking through everything for each object would come to the square.
AT_MOST = 1.25 * TIMES
TABLES = """
DO $$ BEGIN
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    FOR number IN 1..{tables} LOOP
        EXECUTE format('CREATE TABLE t%s (id bigserial PRIMARY KEY, a integer DEFAULT 0 CHECK (a > 0), b mood)', number);
        EXECUTE format('CREATE INDEX ON t%s (a)', number);
        EXECUTE format('CREATE VIEW v%1$s AS SELECT id, a FROM t%1$s', number);
        EXECUTE format('CREATE TABLE p%s (id integer, at date) PARTITION BY RANGE (at)', number);
        EXECUTE format('CREATE TABLE p%1$s_1 PARTITION OF p%1$s FOR VALUES FROM (''2026-01-01'') TO (''2027-01-01'')', number);
    END LOOP;
END $$
"""
# One difference for each table, and one for each of what has to be dropped and made anew.
CHANGES = """
DO $$ BEGIN
    FOR number IN 1..{tables} LOOP
        EXECUTE format('ALTER TABLE t%s ALTER COLUMN a SET DEFAULT 1', number);
        EXECUTE format('CREATE OR REPLACE VIEW v%1$s AS SELECT id, a, id + 1 AS next FROM t%1$s', number);
        EXECUTE format('CREATE INDEX ON p%s (at)', number);
    END LOOP;
END $$
"""


def instructions(work: Callable[[], object]) -> int:
    """Return how many instructions of Python's the work takes."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.fixture(scope="module")
def pairs(pg_databases: Databases) -> dict[int, tuple[Snapshot, Snapshot]]:
    """Catalogs of few and of more tables, each without and with a difference for each of its tables."""
    return {tables: _pair(pg_databases, tables) for tables in (FEW, FEW * TIMES)}


def _pair(databases: Databases, tables: int) -> tuple[Snapshot, Snapshot]:
    database: Database = databases.create_empty("growth")
    with database.connect() as connection:
        connection.execute(TABLES.format(tables=tables).encode())
        before = take_snapshot(connection)
        connection.execute(CHANGES.format(tables=tables).encode())
        after = take_snapshot(connection)
    databases.drop(database)
    return before, after


def _record(head: Snapshot) -> ChainRecord:
    return ChainRecord(Chain((), (), ()), "public.alembic_version", (), head)


WORK: dict[str, Callable[[Snapshot, Snapshot], object]] = {
    "the script of a catalog": lambda left, _: render_sql(left),
    "differences in words": lambda left, right: list(
        describe_differences(difference(left, right), left="left", right="right")
    ),
    "proposals one way": propose,
    "proposals the other way": lambda left, right: propose(right, left),
    "the judgement of indexes": lambda left, _: list(indices.judge(_record(left), difference)),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_the_work_grows_with_the_number_of_tables(
    work: Callable[[Snapshot, Snapshot], object], pairs: dict[int, tuple[Snapshot, Snapshot]]
) -> None:
    few, many = (instructions(partial(work, *pair)) for pair in pairs.values())

    assert many < AT_MOST * few


def _report(size: int) -> Report:
    revisions = tuple(Revision(f"{n:04}", f"{n:04}_add", f"versions/{n:04}_add.py", ()) for n in range(size))
    findings = tuple(Finding("drift", one.revision, "table t", "It is gone.", "make it") for one in revisions)
    results = (CheckResult("drift", Status.FAILED, 1.0, findings),)
    server = ServerFacts("embedded", "18.6", "PostgreSQL 18.6", "asked for")
    return Report(server, Chain(revisions, (), ()), frozenset(), results, 0.0, 0.0)


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_grows_with_its_revisions_and_findings(name: str) -> None:
    few, many = (instructions(partial(FORMATS[name], _report(size))) for size in (2 * FEW, 2 * FEW * TIMES))

    assert many < AT_MOST * few
