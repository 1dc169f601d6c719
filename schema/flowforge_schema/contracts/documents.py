"""The contracts as JSON Schema, one document for each table, for engineers who do not write Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from flowforge_schema import contracts

# The parts of each table's document: what creates a row, what changes it, what is shown of it; then what lists show.
CONTRACTS: Mapping[str, tuple[type[BaseModel], type[BaseModel], type[BaseModel]]] = MappingProxyType(
    {
        "users": (contracts.UserCreate, contracts.UserUpdate, contracts.UserRead),
        "api_keys": (contracts.ApiKeyCreate, contracts.ApiKeyUpdate, contracts.ApiKeyRead),
        "workflows": (contracts.WorkflowCreate, contracts.WorkflowUpdate, contracts.WorkflowRead),
        "workflow_versions": (
            contracts.WorkflowVersionCreate,
            contracts.WorkflowVersionUpdate,
            contracts.WorkflowVersionRead,
        ),
        "workflow_steps": (contracts.WorkflowStepCreate, contracts.WorkflowStepUpdate, contracts.WorkflowStepRead),
        "workflow_runs": (contracts.WorkflowRunCreate, contracts.WorkflowRunUpdate, contracts.WorkflowRunRead),
        "workflow_run_keys": (
            contracts.WorkflowRunKeyCreate,
            contracts.WorkflowRunKeyUpdate,
            contracts.WorkflowRunKeyRead,
        ),
        "workflow_run_claims": (
            contracts.WorkflowRunClaimCreate,
            contracts.WorkflowRunClaimUpdate,
            contracts.WorkflowRunClaimRead,
        ),
        "run_step_logs": (contracts.RunStepLogCreate, contracts.RunStepLogUpdate, contracts.RunStepLogRead),
        "outbox_events": (contracts.OutboxEventCreate, contracts.OutboxEventUpdate, contracts.OutboxEventRead),
    }
)
LISTS: Mapping[str, tuple[type[BaseModel], ...]] = MappingProxyType(
    {
        "workflows": (contracts.WorkflowSummary,),
        "workflow_runs": (contracts.WorkflowRunSummary, contracts.WorkflowRunCount, contracts.WorkflowRunRecord),
        "outbox_events": (contracts.OutboxEventSummary,),
    }
)
MODES: tuple[JsonSchemaMode, ...] = ("validation", "validation", "serialization")


def schema_documents() -> dict[str, str]:
    """Return the text of every document by its file name; a document's `$defs` hold the contracts by their names."""
    return {f"{table}.schema.json": _document(table) for table in CONTRACTS}


def write_documents(directory: Path) -> None:
    """Write the documents, and remove those of tables that are no more."""
    directory.mkdir(parents=True, exist_ok=True)
    documents = schema_documents()
    for path in directory.glob("*.schema.json"):
        if path.name not in documents:
            path.unlink()
    for name, text in documents.items():
        (directory / name).write_text(text, "utf-8")


def _document(table: str) -> str:
    _, schema = models_json_schema(
        [*zip(CONTRACTS[table], MODES, strict=True), *((shown, "serialization") for shown in LISTS.get(table, ()))],
        title=table,
        description=f"What {table} takes and shows; written by `python -m flowforge_schema.contracts`.",
    )
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
