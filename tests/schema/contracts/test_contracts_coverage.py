"""Every column is in the contracts of its table, or left out for a reason."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from flowforge_schema.contracts import Contract
from flowforge_schema.contracts.documents import CONTRACTS
from flowforge_schema.models import metadata

SECRETS = {"password_hash", "key_hash"}
MADE_BY_THE_DATABASE = {"id", "created_at", "updated_at", "lock_version"}
# What a row is about, and so never changed.
FIXED = {
    "users": set(),
    "api_keys": {"user_id", "prefix", "key_hash", "hash_version"},
    "workflows": set(),
    "workflow_versions": {"workflow_id", "version"},
    "workflow_steps": {"workflow_id", "workflow_version"},
    "workflow_runs": {"workflow_id", "workflow_version", "trigger_type", "triggered_by", "input", "retry_of"},
    "workflow_run_keys": {"workflow_id", "key"},
    "workflow_run_claims": {"run_id"},
    "run_step_logs": {"run_id", "step_id", "step_key", "attempt", "input"},
    "outbox_events": {
        "event_id",
        "aggregate_type",
        "aggregate_id",
        "event_type",
        "schema_version",
        "payload",
        "headers",
    },
}


def columns_of(table: Any) -> set[str]:
    return {column.name for column in table.model.__table__.columns}


def test_every_table_has_contracts() -> None:
    assert set(CONTRACTS) == set(metadata.tables)


def test_every_tables_contracts_are_tested(tables: Any) -> None:
    assert {name: (table.create, table.update, table.read) for name, table in tables.items()} == CONTRACTS


def test_a_row_shows_every_column_but_secrets(table: Any) -> None:
    assert set(table.read.model_fields) == columns_of(table) - SECRETS


def test_every_column_that_is_not_made_by_the_database_can_be_given(table: Any) -> None:
    assert set(table.create.model_fields) == columns_of(table) - MADE_BY_THE_DATABASE


def test_every_column_that_is_not_fixed_can_be_changed(table: Any) -> None:
    changeable = columns_of(table) - MADE_BY_THE_DATABASE - FIXED[table.name]

    assert set(table.update.model_fields) - {"lock_version"} == changeable


def test_a_change_of_a_versioned_row_names_its_version(table: Any) -> None:
    assert ("lock_version" in table.update.model_fields) == ("lock_version" in columns_of(table))


def test_a_field_left_out_of_a_change_is_no_change(table: Any) -> None:
    contract = table.update.model_construct()

    assert contract.column_values() == {}


def test_a_default_of_a_contract_is_that_of_its_column(table: Any, rows: Any) -> None:
    stored = rows.stored(table, table.smallest)
    given = table.create(**table.smallest).column_values()

    assert given == {column: stored[column] for column in given}


@pytest.mark.parametrize("which", ["create", "update"])
def test_a_column_that_may_be_null_may_be_null_in_a_contract_and_no_other(table: Any, which: str) -> None:
    contract = getattr(table, which)
    nullable = {column.name for column in table.model.__table__.columns if column.nullable}

    assert {name for name in contract.model_fields if not refuses_null(contract, name)} == nullable & set(
        contract.model_fields
    )


def refuses_null(contract: type[Contract], name: str) -> bool:
    """Whether null is refused for the field itself, whatever else is missing or does not go together."""
    try:
        contract.model_validate({name: None})
    except ValidationError as error:
        return any(line["loc"] == (name,) for line in error.errors())
    return False
