from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from flowforge_schema.seed import Scale, make_volume
from flowforge_schema.seed.volumes import RUNS_MAX
from pgharness.databases import ClonePool, Database

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SMALL = Scale(runs=2_500, workflows=60, users=20)
TABLES = ("users", "api_keys", "workflows", "workflow_steps", "workflow_runs", "run_step_logs", "outbox_events")


@pytest.fixture
def volume(migrated_database: Database) -> Database:
    """Give a database that holds a small volume."""
    make_volume(migrated_database.url, SMALL, now=NOW)
    return migrated_database


def value(database: Database, query: str) -> Any:
    with database.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def rows_of(database: Database, *, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Give all rows of all tables as jsonb, in an order that does not depend on how they came in."""
    with database.connect() as connection:
        return {
            table: connection.execute(
                f"SELECT to_jsonb(t) - %s::text[] AS row FROM {table} AS t ORDER BY 1", [list(without)]
            ).fetchall()
            for table in TABLES
        }


def test_a_volume_has_as_many_runs_as_were_asked_for(volume: Database) -> None:
    assert value(volume, "SELECT count(*) FROM workflow_runs") == SMALL.runs


def test_making_a_volume_again_changes_nothing(volume: Database) -> None:
    before = rows_of(volume)

    made = make_volume(volume.url, SMALL, now=NOW)

    assert (made.rows, rows_of(volume)) == (0, before)


def test_a_volume_keeps_its_moment_when_it_is_made_again_later(volume: Database) -> None:
    made = make_volume(volume.url, SMALL, now=datetime(2027, 1, 1, tzinfo=UTC))

    assert (made.rows, made.anchor) == (0, NOW)


def test_two_volumes_of_the_same_numbers_are_equal(volume: Database, migrated_pool: ClonePool) -> None:
    another = migrated_pool.acquire()
    make_volume(another.url, SMALL, now=NOW, workers=1)
    rows = rows_of(another, without=("id",))
    migrated_pool.release(another)

    assert rows == rows_of(volume, without=("id",))


def test_a_volume_that_has_grown_equals_one_made_at_once(volume: Database, migrated_pool: ClonePool) -> None:
    another = migrated_pool.acquire()
    for runs in (700, SMALL.runs):
        make_volume(another.url, Scale(runs=runs, workflows=60, users=20), now=NOW)
    rows = rows_of(another, without=("id",))
    migrated_pool.release(another)

    assert rows == rows_of(volume, without=("id",))


def test_each_run_is_older_than_the_one_of_the_next_lower_number(volume: Database) -> None:
    disordered = value(
        volume,
        "SELECT count(*) FROM (SELECT rank() OVER (ORDER BY id) <> rank() OVER (ORDER BY created_at) AS differs "
        "FROM workflow_runs) AS ranked WHERE differs",
    )

    assert disordered == 0


@pytest.mark.parametrize("table", ["users", "api_keys", "workflows", "workflow_steps", "workflow_runs"])
def test_the_time_within_a_key_is_when_the_row_was_created(volume: Database, table: str) -> None:
    assert value(
        volume,
        f"SELECT bool_and(uuid_extract_version(id) = 7"
        f" AND uuid_extract_timestamp(id) = date_trunc('milliseconds', created_at)) FROM {table}",
    )


@pytest.mark.parametrize(
    ("child", "column", "parent"),
    [
        ("api_keys", "user_id", "users"),
        ("workflows", "owner_id", "users"),
        ("workflow_steps", "workflow_id", "workflows"),
        ("workflow_runs", "workflow_id", "workflows"),
        ("workflow_runs", "triggered_by", "users"),
        ("run_step_logs", "run_id", "workflow_runs"),
        ("run_step_logs", "step_id", "workflow_steps"),
    ],
)
def test_every_row_refers_to_one_that_is_there(volume: Database, child: str, column: str, parent: str) -> None:
    orphans = value(
        volume,
        f"SELECT count(*) FROM {child} WHERE {column} IS NOT NULL"
        f" AND NOT EXISTS (SELECT FROM {parent} WHERE {parent}.id = {child}.{column})",
    )

    assert orphans == 0


def test_a_log_tells_of_a_step_of_the_version_that_its_run_started_with(volume: Database) -> None:
    strangers = value(
        volume,
        "SELECT count(*) FROM run_step_logs AS log JOIN workflow_runs AS run ON run.id = log.run_id"
        " JOIN workflow_steps AS step ON step.id = log.step_id"
        " WHERE (step.workflow_id, step.workflow_version, step.key)"
        " <> (run.workflow_id, run.workflow_version, log.step_key)",
    )

    assert strangers == 0


def test_a_few_workflows_have_most_of_the_runs(volume: Database) -> None:
    share = value(
        volume,
        "SELECT sum(runs) FILTER (WHERE place <= 6) / sum(runs) FROM"
        " (SELECT count(*) AS runs, rank() OVER (ORDER BY count(*) DESC) AS place FROM workflow_runs"
        " GROUP BY workflow_id) AS counted",
    )

    assert float(share) > 0.4


def test_most_runs_are_finished_and_every_status_occurs(volume: Database) -> None:
    with volume.connect() as connection:
        shares = dict(
            connection.execute("SELECT status::text, count(*)::float / 2500 FROM workflow_runs GROUP BY 1").fetchall()
        )

    assert (set(shares), shares["completed"] > 0.85) == (
        {"pending", "running", "completed", "failed", "cancelled"},
        True,
    )


def test_some_steps_were_tried_again_and_some_skipped(volume: Database) -> None:
    assert value(
        volume, "SELECT count(*) FILTER (WHERE attempt > 1) > 10 AND bool_or(status = 'skipped') FROM run_step_logs"
    )


def test_the_tables_have_been_analyzed(volume: Database) -> None:
    assert value(volume, "SELECT reltuples FROM pg_class WHERE oid = 'workflow_runs'::regclass") == SMALL.runs


def test_a_volume_cannot_go_on_with_another_number_of_workflows(volume: Database) -> None:
    with pytest.raises(ValueError, match=r"begun with .*'workflows': 60}, and cannot go on"):
        make_volume(volume.url, Scale(runs=10, workflows=61, users=20), now=NOW)


@pytest.mark.parametrize("numbers", [{"runs": -1}, {"runs": RUNS_MAX + 1}, {"runs": 1, "workflows": 0}])
def test_a_scale_refuses_numbers_that_make_no_sense(numbers: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must lie between"):
        Scale(**numbers)
