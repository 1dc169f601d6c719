"""Puts the story into a database: every row that is not there yet, and no change to one that is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Insert, Table, bindparam, exists, literal, select, text
from sqlalchemy.dialects.postgresql import insert

from flowforge_schema.errors import ConflictError
from flowforge_schema.models import ApiKey, Base, OutboxEvent, RunStepLog, User, Workflow, WorkflowRun, WorkflowStep
from flowforge_schema.seed import story
from flowforge_schema.seed.refusal import SeedRefusedError, refuse_production
from flowforge_schema.seed.story import Row

# Parents first.
CHAPTERS = (
    (User, story.user_rows),
    (ApiKey, story.api_key_rows),
    (Workflow, story.workflow_rows),
    (WorkflowStep, story.step_rows),
    (WorkflowRun, story.run_rows),
    (RunStepLog, story.log_rows),
    (OutboxEvent, story.event_rows),
)

# Rows of versions come by themselves. Those that have been run are published, as old as their first run.
PUBLISH = text(f"""
UPDATE workflow_versions AS named SET published_at = run.first
FROM (
    SELECT workflow_id, workflow_version, min(created_at) AS first FROM workflow_runs
    WHERE workflow_id::text LIKE '{story.SEED_ID_PATTERN}' GROUP BY workflow_id, workflow_version
) AS run
WHERE named.workflow_id = run.workflow_id AND named.version = run.workflow_version AND named.published_at IS NULL
""")


def plant_story(connection: Connection, *, now: datetime, force: bool = False) -> dict[str, int]:
    """Add what is missing of the story, its times counted back from `now`; give the number of rows added to each table.

    May run any number of times: rows that are there stay as they are, whatever `now` is. The caller commits. Raises
    SeedRefusedError where the database looks like production, unless forced, and where something else has taken the place
    of one of the story's rows.
    """
    if not force:
        refuse_production(connection)
    added = {model.__tablename__: _add(connection, model, rows(now)) for model, rows in CHAPTERS}
    connection.execute(PUBLISH)
    return added


def _add(connection: Connection, model: type[Base], rows: list[Row]) -> int:
    table = model.__table__
    assert isinstance(table, Table)
    missing = _unless_told(table, rows[0]) if model is OutboxEvent else _unless_there(table)
    statement = missing.returning(*table.primary_key.columns)
    try:
        return sum(len(connection.execute(statement, row).all()) for row in rows)
    except ConflictError as conflict:
        raise SeedRefusedError(
            "The story cannot be added.\n"
            f"  seen: a row of {table.name} has another id and takes the place of the story's ({conflict.constraint})\n"
            "  fix: rename or remove that row, or seed a fresh database"
        ) from conflict


def _unless_there(table: Table) -> Insert:
    return insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key.columns))


def _unless_told(table: Table, row: Row) -> Insert:
    """Insert an event unless its `event_id` is there: the server makes the key, so that there is no conflict to go by."""
    values = select(*(bindparam(name, type_=table.c[name].type).label(name) for name in row))
    told = exists(select(literal(1)).where(table.c.event_id == bindparam("event_id")))
    return insert(table).from_select(list(row), values.where(~told))
