from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from flowforge_schema import DatabaseUnavailableError
from flowforge_schema.seed import Scale, SeedRefusedError, make_volume
from flowforge_schema.seed.volumes import RUNS_MAX, indexes, making
from flowforge_schema.seed.volumes.sessions import APPLICATION_NAME
from pgharness.databases import ClonePool, Database, Databases

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SMALL = Scale(runs=2_500, workflows=60, users=20)
TABLES = (
    "users",
    "api_keys",
    "workflows",
    "workflow_versions",
    "workflow_steps",
    "workflow_runs",
    "workflow_run_claims",
    "run_step_logs",
    "outbox_events",
)


@pytest.fixture(scope="module")
def volume(migrated_pool: ClonePool) -> Iterator[Database]:
    """Yield a database that holds a small volume, for tests that only read."""
    database = migrated_pool.acquire()
    make_volume(database.url, SMALL, now=NOW)
    yield database
    migrated_pool.release(database)


@pytest.fixture
def own_volume(volume: Database, pg_databases: Databases) -> Iterator[Database]:
    """Yield a copy of the small volume, for tests that call the maker on it."""
    database = pg_databases.clone(volume)
    yield database
    pg_databases.drop(database)


def value(database: Database, query: str) -> Any:
    with database.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def rows_of(database: Database, *, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Return all rows of all tables as jsonb, in an order that does not depend on how they came in.

    Rows of versions come by themselves, now.
    """
    made_now = {"workflow_versions": ("created_at", "updated_at")}
    with database.connect() as connection:
        return {
            table: connection.execute(
                f"SELECT to_jsonb(t) - %s::text[] AS row FROM {table} AS t ORDER BY 1",
                [[*without, *made_now.get(table, ())]],
            ).fetchall()
            for table in TABLES
        }


def test_a_volume_has_as_many_runs_as_were_asked_for(volume: Database) -> None:
    assert value(volume, "SELECT count(*) FROM workflow_runs") == SMALL.runs


def test_making_a_volume_again_changes_nothing(own_volume: Database) -> None:
    before = rows_of(own_volume)

    made = make_volume(own_volume.url, SMALL, now=NOW)

    assert (made.rows, rows_of(own_volume)) == (0, before)


def test_a_volume_keeps_its_moment_when_it_is_made_again_later(own_volume: Database) -> None:
    made = make_volume(own_volume.url, SMALL, now=datetime(2027, 1, 1, tzinfo=UTC))

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
        shares: dict[str, float] = dict(
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


def test_a_volume_cannot_go_on_with_another_number_of_workflows(own_volume: Database) -> None:
    with pytest.raises(SeedRefusedError, match=r"fix: --scale runs=10,users=20,workflows=60, or another database"):
        make_volume(own_volume.url, Scale(runs=10, workflows=61, users=20), now=NOW)


@pytest.mark.parametrize("numbers", [{"runs": -1}, {"runs": RUNS_MAX + 1}, {"runs": 1, "workflows": 0}])
def test_a_scale_refuses_numbers_that_make_no_sense(numbers: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must lie between"):
        Scale(**numbers)


def test_an_interrupted_volume_goes_on_where_it_was(
    volume: Database, migrated_pool: ClonePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "BATCH_RUNS", 200)
    another = migrated_pool.acquire()
    with pytest.raises(KeyboardInterrupt):
        make_volume(another.url, SMALL, now=NOW, advance=interrupt_after(600))
    interrupted_at = value(another, "SELECT count(*) FROM workflow_runs")
    make_volume(another.url, SMALL, now=NOW)
    rows = rows_of(another, without=("id",))
    migrated_pool.release(another)

    assert 600 <= interrupted_at < SMALL.runs
    assert rows == rows_of(volume, without=("id",))


def interrupt_after(runs: int) -> Callable[[int], None]:
    """Return an `advance` that behaves as Ctrl-C does once so many runs are made."""
    made = 0

    def advance(more: int) -> None:
        nonlocal made
        made += more
        if made >= runs:
            raise KeyboardInterrupt

    return advance


def test_an_interruption_leaves_nothing_running(migrated_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "BATCH_RUNS", 200)
    with pytest.raises(KeyboardInterrupt):
        make_volume(migrated_database.url, SMALL, now=NOW, advance=interrupt_after(400))

    still_there = (
        "SELECT count(*) FROM pg_stat_activity"
        f" WHERE application_name = '{APPLICATION_NAME}' AND datname = current_database()"
    )
    give_up_at = time.monotonic() + 10  # a session is gone a moment after it was closed
    while value(migrated_database, still_there) and time.monotonic() < give_up_at:
        time.sleep(0.01)
    assert value(migrated_database, still_there) == 0


def test_two_makers_at_once_make_one_volume(migrated_database: Database) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: make_volume(migrated_database.url, SMALL, now=NOW), range(2)))

    assert sorted(volume.rows > 0 for volume in made) == [False, True]
    assert value(migrated_database, "SELECT count(*) FROM workflow_runs") == SMALL.runs


def test_indexes_set_aside_are_built_again(migrated_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes, "RUNS_WORTH_IT", 1)
    before = definitions(migrated_database)
    seen: list[int] = []

    def advance(_runs: int) -> None:
        seen.append(len(definitions(migrated_database)))

    make_volume(migrated_database.url, SMALL, now=NOW, advance=advance)

    assert min(seen) == len(before) - 6
    assert definitions(migrated_database) == before


def test_indexes_are_built_again_when_the_work_is_interrupted(
    migrated_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "RUNS_WORTH_IT", 1)
    monkeypatch.setattr(making, "BATCH_RUNS", 200)
    before = definitions(migrated_database)
    with pytest.raises(KeyboardInterrupt):
        make_volume(migrated_database.url, SMALL, now=NOW, advance=interrupt_after(400))

    assert definitions(migrated_database) == before


def test_indexes_that_a_killed_process_left_missing_are_built(own_volume: Database) -> None:
    before = definitions(own_volume)
    with own_volume.connect() as connection:
        connection.execute("DROP INDEX ix_run_step_logs__step_id")

    make_volume(own_volume.url, SMALL, now=NOW)

    assert definitions(own_volume) == before


def definitions(database: Database) -> list[Any]:
    """Return the definitions of all indexes, as PostgreSQL prints them."""
    with database.connect() as connection:
        return connection.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1").fetchall()


def test_a_role_that_may_not_skip_triggers_makes_the_same_rows(volume: Database, migrated_pool: ClonePool) -> None:
    role = f"maker_{secrets.token_hex(4)}"
    another = migrated_pool.acquire()
    with another.connect() as connection:
        connection.execute(
            f"CREATE ROLE {role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};"
            f"GRANT CREATE ON SCHEMA public TO {role}; GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {role}"
        )
    try:
        make_volume(another.url.set(username=role), SMALL, now=NOW)
        rows = rows_of(another, without=("id",))
    finally:
        with another.connect() as connection:
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
        migrated_pool.release(another)

    assert rows == rows_of(volume, without=("id",))


def test_a_database_that_cannot_be_reached_is_an_error_of_the_data_layer() -> None:
    with pytest.raises(DatabaseUnavailableError):
        make_volume("postgresql://flowforge@127.0.0.1:1/flowforge", SMALL, now=NOW)


def test_a_scale_is_read_from_text() -> None:
    assert Scale.parse("runs=1_000,users=9") == Scale(runs=1_000, users=9)


@pytest.mark.parametrize("text", ["", "runs", "runs=many", "runs=-1", "users=4", "runs=1,pets=2"])
def test_a_text_that_is_no_scale_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no scale; write runs=1000000"):
        Scale.parse(text)


def test_runs_that_were_purged_from_the_middle_come_back(volume: Database, own_volume: Database) -> None:
    with own_volume.connect() as connection:
        connection.execute(
            "DELETE FROM workflow_runs WHERE id IN (SELECT id FROM workflow_runs ORDER BY id OFFSET 200 LIMIT 900);"
            "DELETE FROM workflow_runs WHERE id = (SELECT id FROM workflow_runs ORDER BY id LIMIT 1)"
        )

    make_volume(own_volume.url, SMALL, now=NOW)

    runs = "SELECT md5(string_agg(to_jsonb(run)::text, ',' ORDER BY id)) FROM workflow_runs AS run"
    assert value(own_volume, runs) == value(volume, runs)
