"""The schema keeps the rules of distribution, and each way to break one is told; judged from the catalog, without a cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, NullPool, create_engine

from flowforge_schema.models import metadata
from flowforge_schema.placement import LAYOUT, Kind, judge_schema, read_schema
from flowforge_schema.placement.forms import FORMS, HELPERS, KNOWN_FUNCTIONS, forms_by_signature
from flowforge_schema.placement.layout import LONGER_NAMES, PLACES
from pgharness.databases import Database

# What a branch might propose, and what is said of it.
SLIPS = {
    "CREATE TABLE artifacts (id uuid PRIMARY KEY, run_id uuid REFERENCES workflow_runs ON DELETE CASCADE)": "artifacts does not",
    "CREATE SCHEMA other; CREATE TABLE other.artifacts (run_id uuid REFERENCES workflow_runs)": "other.artifacts refers to workflow_runs",
    "ALTER TABLE outbox_events ADD COLUMN run_id uuid REFERENCES workflow_runs": "outbox_events does not",
    "ALTER TABLE workflows ADD COLUMN last_run_id uuid REFERENCES workflow_runs": "workflows does not",
    "ALTER TABLE workflow_runs ADD FOREIGN KEY (retry_of) REFERENCES workflow_runs": "not by id to id",
    "ALTER TABLE workflow_runs ADD COLUMN event_id bigint REFERENCES outbox_events": "on the coordinator alone",
    "CREATE TABLE regions (id uuid PRIMARY KEY); ALTER TABLE users ADD COLUMN region_id uuid REFERENCES regions": "on the coordinator alone",
    "ALTER TABLE workflow_run_keys ADD FOREIGN KEY (run_id) REFERENCES workflow_runs": "not by workflow_id to id",
    "ALTER TABLE run_step_logs DROP CONSTRAINT fk_run_step_logs__run_id__workflow_runs, ADD CONSTRAINT again"
    " FOREIGN KEY (run_id) REFERENCES workflow_runs ON DELETE SET NULL": "it writes run_id",
    "ALTER TABLE workflow_run_claims DROP CONSTRAINT fk_workflow_run_claims__run_id__workflow_runs, ADD CONSTRAINT again"
    " FOREIGN KEY (run_id) REFERENCES workflow_runs ON UPDATE CASCADE": "it writes run_id",
    "CREATE UNIQUE INDEX mine ON workflow_runs (workflow_id, created_at)": "unique without id",
    "CREATE UNIQUE INDEX mine ON run_step_logs (step_id) INCLUDE (run_id)": "unique without run_id",
    "ALTER TABLE workflow_run_keys ADD UNIQUE (run_id)": "unique without workflow_id",
    "ALTER TABLE workflow_runs ADD EXCLUDE USING btree (workflow_id WITH =)": "unique without id",
    f"ALTER TABLE users ADD CONSTRAINT {'x' * 56} CHECK (true)": "has 56 bytes",
    f"CREATE INDEX {'x' * 57} ON workflow_runs (created_at)": "has 57 bytes",
    "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    "CREATE TRIGGER mine BEFORE INSERT ON workflow_steps FOR EACH ROW EXECUTE FUNCTION mine()": "runs mine()",
    "ALTER TABLE workflow_runs ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY": "numbers its rows",
    "ALTER TABLE workflows ADD COLUMN number bigserial": "numbers its rows",
}

SOUND = (
    "CREATE TABLE notes (id uuid PRIMARY KEY, workflow_id uuid REFERENCES workflows ON DELETE CASCADE)",
    "CREATE TABLE strangers (id bigserial PRIMARY KEY, note text UNIQUE)",
    "ALTER TABLE workflow_runs ADD COLUMN owner_id uuid REFERENCES users ON DELETE SET NULL",
    "CREATE UNIQUE INDEX mine ON run_step_logs (lower(step_key), run_id)",
    "CREATE UNIQUE INDEX mine ON users (display_name)",
    f"CREATE INDEX {'x' * 55} ON workflow_runs (created_at)",
    f"CREATE INDEX {'x' * 63} ON outbox_events (created_at)",
)


@pytest.fixture
def connection(migrated_database: Database) -> Iterator[Connection]:
    """Yield a connection to a migrated database."""
    with create_engine(migrated_database.url, poolclass=NullPool).connect() as connection:
        yield connection


def problems_after(connection: Connection, statements: str) -> list[str]:
    for statement in statements.split(";") if "CREATE FUNCTION" not in statements else [statements]:
        connection.exec_driver_sql(statement)
    found = [str(problem) for problem in judge_schema(read_schema(connection))]
    connection.rollback()
    return found


def test_the_schema_can_be_distributed_and_each_slip_is_told_once(connection: Connection) -> None:
    told = {slip: problems_after(connection, slip) for slip in (*SLIPS, *SOUND)}

    assert judge_schema(read_schema(connection)) == ()
    for slip, said in SLIPS.items():
        assert len(told[slip]) == 1, (slip, told[slip])
        assert said in told[slip][0]
    assert {slip: told[slip] for slip in SOUND if told[slip]} == {}


def test_every_table_of_the_models_has_its_place_after_those_that_it_refers_to() -> None:
    assert set(PLACES) == set(metadata.tables)
    for number, place in enumerate(LAYOUT):
        before = {earlier.table for earlier in LAYOUT[:number]}
        parents = {key.column.table.name for key in metadata.tables[place.table].foreign_keys}
        assert parents - {place.table} <= before
        assert (place.column is None) == (place.kind is not Kind.DISTRIBUTED)
        assert place.beside is None or place.beside in before


def test_names_that_are_too_long_are_excepted_only_while_there_are_such(connection: Connection) -> None:
    names = {name for _, name in read_schema(connection).names}

    assert set(LONGER_NAMES) <= names


def test_every_function_of_a_trigger_has_its_form_for_shards_as_postgresql_prints_it(connection: Connection) -> None:
    facts = read_schema(connection)
    functions = {trigger.function for trigger in facts.triggers}
    connection.exec_driver_sql("SET LOCAL check_function_bodies = off")
    for form in FORMS.values():
        connection.exec_driver_sql(form.replace("%", "%%"))
    printed = dict(read_schema(connection).functions)
    connection.rollback()

    assert functions == KNOWN_FUNCTIONS
    assert printed == forms_by_signature()
    assert set(HELPERS) < set(FORMS)


def test_a_form_raises_with_the_name_that_its_original_raises_with(connection: Connection) -> None:
    originals = dict(read_schema(connection).functions)
    for signature, form in forms_by_signature().items():
        raised = [line for line in originals.get(signature, "").splitlines() if "USING ERRCODE" in line]

        assert [line for line in form.splitlines() if "USING ERRCODE" in line] == raised
        for line in raised:  # the engine passes on the message alone
            assert f"'{line.split(chr(39))[-2]}: " in form
