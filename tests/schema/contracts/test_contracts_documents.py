"""The contracts as JSON Schema under docs/contracts."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from pydantic import ValidationError

from flowforge_schema.contracts import (
    Contract,
    RunStepLogCreate,
    RunStepLogUpdate,
    WorkflowRunCreate,
    WorkflowRunUpdate,
)
from flowforge_schema.contracts.documents import schema_documents
from flowforge_schema.enums import StepStatus

DIRECTORY = Path(__file__).parents[3] / "docs" / "contracts"
WRITE = "python -m flowforge_schema.contracts docs/contracts"


def test_the_documents_are_those_of_the_contracts() -> None:
    written = {path.name: path.read_text("utf-8") for path in DIRECTORY.glob("*.schema.json")}

    assert written == schema_documents(), f"the documents are stale: {WRITE}"


def test_the_command_writes_the_documents_and_removes_those_of_no_table(tmp_path: Path) -> None:
    (tmp_path / "gone.schema.json").touch()
    subprocess.run([sys.executable, "-m", "flowforge_schema.contracts", tmp_path], check=True)

    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == schema_documents()


def test_the_command_asks_for_a_folder() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "flowforge_schema.contracts"], check=False, capture_output=True, text=True
    )

    assert (ended.returncode, ended.stderr.splitlines()[-1].strip()) == (1, f"fix: {WRITE}")


@pytest.mark.parametrize("name", schema_documents())
def test_a_document_is_json_schema(name: str) -> None:
    jsonschema_rs.meta.validate(json.loads(schema_documents()[name]))


def test_the_example_of_the_page_mounts() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (DIRECTORY / "README.md").read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, "README.md", "exec", dont_inherit=True), names)  # noqa: S102 - the page's own code

    assert set(names["app"].openapi()["paths"]) == {"/workflows", "/workflows/{workflow_id}"}


NOW = "2026-01-01T00:00:00Z"
ABSENT = object()
STATES = [
    {
        name: value
        for name, value in zip(("status", "started_at", "finished_at"), values, strict=True)
        if value is not ABSENT
    }
    for values in itertools.product([*StepStatus, ABSENT], [NOW, None, ABSENT], [NOW, None, ABSENT])
]
SMALLEST: dict[type[Contract], dict[str, object]] = {
    WorkflowRunCreate: {"workflow_id": str(UUID(int=0)), "workflow_version": 1},
    WorkflowRunUpdate: {"lock_version": 1},
    RunStepLogCreate: {"run_id": str(UUID(int=0)), "step_id": str(UUID(int=0)), "step_key": "load"},
    RunStepLogUpdate: {},
}


@pytest.mark.parametrize("contract", SMALLEST)
def test_a_document_says_the_same_of_every_state_as_the_contract(contract: type[Contract]) -> None:
    validator = jsonschema_rs.validator_for(contract.model_json_schema())
    bodies = [{**SMALLEST[contract], **state} for state in STATES]

    assert [validator.is_valid(body) for body in bodies] == [takes(contract, body) for body in bodies]


def takes(contract: type[Contract], body: dict[str, Any]) -> bool:
    try:
        contract.model_validate(body)
    except ValidationError:
        return False
    return True
