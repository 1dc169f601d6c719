"""The query patterns on volumes: each is served by its index, at any size, and each index is missed when it goes."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from statistics import median_low

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from flowforge_schema.models import metadata
from flowforge_schema.queries import PATTERNS, Pattern, Shape
from flowforge_schema.queries.text import prepared_text
from flowforge_schema.seed.volumes.making import make_volume
from flowforge_schema.seed.volumes.scale import Scale
from pgharness.databases import Database, Databases
from pgharness.plans import (
    Expectation,
    Explained,
    PlanMode,
    Statement,
    explain_statements,
    foreign_key_statements,
    judge_plans,
    judge_statement,
)

ROOT = Path(__file__).parents[2]
STRUCTURE = ROOT / "schema" / "structure.sql"
SMALL, LARGE = 10_000, 100_000
NOW = datetime(2026, 11, 1, tzinfo=UTC)

# A lock touches one page more where a row's page is known to be visible to all. VACUUM leaves out a page that is being written.
PARTLY_VISIBLE = "SELECT FROM pg_class WHERE relkind = 'r' AND relallvisible < relpages AND oid >= 16384"

# There is a claim for each run that is worked on: few enough in the small volume for one page, which is read whole.
ON_ONE_PAGE = {("due_claims", SMALL)}

# What a query may touch more of when its table is ten times as large: a level of an index, a row that lies elsewhere.
GROWTH_BUFFERS = 3

VolumeOf = Callable[[int], Database]
Plans = Callable[[int], dict[str, list[Explained]]]


@pytest.fixture(scope="session")
def volume_of(pg_databases: Databases) -> Iterator[VolumeOf]:
    """Yield a database with so many runs, cloned once for each worker; whoever writes into it rolls back."""
    with contextlib.ExitStack() as stack:
        yield cache(lambda runs: stack.enter_context(_clone(pg_databases, runs)))


@pytest.fixture(scope="session")
def plans_at(pg_databases: Databases) -> Plans:
    """Return the plans of all patterns and foreign keys at a number of runs, after two rounds of ANALYZE.

    They come from a database of their own: also what was rolled back changes how many pages the next one touches.
    """

    @cache
    def explained(runs: int) -> dict[str, list[Explained]]:
        with _clone(pg_databases, runs) as database, database.connect() as connection:
            return explain_statements(connection, statements_of(connection), targets=(100, 10))

    return explained


@contextlib.contextmanager
def _clone(databases: Databases, runs: int) -> Iterator[Database]:
    """Clone a volume that is made once for all workers."""
    database = databases.clone(databases.template(_key(runs), lambda database: _fill(database, runs)))
    try:
        yield database
    finally:
        databases.drop(database)


def _key(runs: int) -> str:
    files = [STRUCTURE, *sorted((ROOT / "schema" / "flowforge_schema" / "seed" / "volumes").iterdir())]
    content = b"".join(file.read_bytes() for file in files if file.is_file())
    return f"volume of {runs} runs, {hashlib.sha256(content).hexdigest()}"


def _fill(database: Database, runs: int) -> None:
    with database.connect() as connection:
        connection.execute(STRUCTURE.read_bytes())
        # One worker, or it is a matter of luck which rows lie together.
        make_volume(database.url, Scale(runs=runs), now=NOW, workers=1)
        for _ in range(20):
            connection.execute("VACUUM (FREEZE, ANALYZE)")
            if connection.execute(PARTLY_VISIBLE).fetchone() is None:
                return
    raise AssertionError("after 20 times VACUUM there are pages that are not visible to all")


def statement_of(connection: psycopg.Connection, pattern: Pattern) -> Statement:
    """Return a pattern as the harness judges it, with arguments from this database."""
    rows = connection.cursor(row_factory=dict_row).execute(pattern.samples.encode()).fetchall()
    texts = [prepared_text(pattern.make(**row)) for row in rows]
    expectation = Expectation(
        indexes=pattern.indexes,
        sort="what was counted" if pattern.sorts else "",
        read_per_row=pattern.read_per_row,
    )
    return Statement(pattern.name, texts[0][0], tuple(values for _, values in texts), expectation)


def statements_of(connection: psycopg.Connection) -> list[Statement]:
    """Return all patterns, and what the foreign keys send."""
    return [*(statement_of(connection, pattern) for pattern in PATTERNS), *foreign_key_statements(connection)]


def buffers(explained: list[Explained], mode: PlanMode) -> int:
    """Return the pages that a plan of this mode touches: the median of its samples, of which one may lie across pages.

    The first round alone is counted: what foreign keys send at its end writes, and after that, although it is rolled back,
    pages are no longer known to be visible to all.
    """
    return median_low(one.plan.buffers for one in explained if one.mode is mode and one.round == 0)


NAMES = [pattern.name for pattern in PATTERNS]
BOUNDED = [pattern.name for pattern in PATTERNS if pattern.shape is not Shape.COUNT]
DECLARED_INDEXES = [
    *sorted(str(index.name) for table in metadata.tables.values() for index in table.indexes),
    "uq_api_keys__prefix",
    "uq_workflow_steps__workflow_id_workflow_version_position",
]


@pytest.mark.parametrize(
    ("name", "runs"), [(name, runs) for name in NAMES for runs in (SMALL, LARGE) if (name, runs) not in ON_ONE_PAGE]
)
def test_a_pattern_has_the_plan_that_it_expects(name: str, runs: int, plans_at: Plans, volume_of: VolumeOf) -> None:
    with volume_of(runs).connect() as connection:
        statement = statement_of(connection, next(pattern for pattern in PATTERNS if pattern.name == name))

    assert judge_statement(statement, plans_at(runs)[name]) == ()


def test_the_action_of_every_foreign_key_is_served(volume_of: VolumeOf) -> None:
    with volume_of(LARGE).connect() as connection:
        found = judge_plans(connection, foreign_key_statements(connection), targets=())

    assert found == ()


@pytest.mark.parametrize("mode", PlanMode)
@pytest.mark.parametrize("name", BOUNDED)
def test_a_pattern_costs_the_same_in_a_table_ten_times_as_large(name: str, mode: PlanMode, plans_at: Plans) -> None:
    small, large = (buffers(plans_at(runs)[name], mode) for runs in (SMALL, LARGE))

    assert large - small <= GROWTH_BUFFERS


@pytest.mark.parametrize("mode", PlanMode)
@pytest.mark.parametrize("name", ["runs_of_workflow", "workflows_of_owner"])
def test_a_page_deep_inside_costs_what_the_first_one_costs(name: str, mode: PlanMode, plans_at: Plans) -> None:
    first, deep = (buffers(plans_at(LARGE)[which], mode) for which in (name, f"{name}_deep_page"))

    assert deep <= 2 * first


@pytest.mark.parametrize("index", DECLARED_INDEXES)
def test_an_index_that_goes_is_missed_by_a_query_that_is_named(index: str, volume_of: VolumeOf) -> None:
    with volume_of(LARGE).connect() as connection, connection.transaction(force_rollback=True):
        wanted = [statement for statement in statements_of(connection) if _may_miss(statement, index)]
        _drop(connection, index)
        found = judge_plans(connection, wanted, targets=())

    assert found
    assert {finding.subject.removeprefix("statement ") for finding in found} <= {one.name for one in wanted}


def _may_miss(statement: Statement, index: str) -> bool:
    return index in statement.expectation.indexes or (
        statement.name.startswith("ON DELETE") and not any(index in pattern.indexes for pattern in PATTERNS)
    )


def _drop(connection: psycopg.Connection, index: str) -> None:
    row = connection.execute(
        "SELECT conrelid::regclass::text FROM pg_constraint WHERE conindid = %s::regclass AND contype = 'u'", [index]
    ).fetchone()
    if row is None:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(index)))
    else:
        table, constraint = sql.SQL(row[0]), sql.Identifier(index)
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(table, constraint))
