"""Requests that schemathesis makes from the application's own OpenAPI document, right ones and wrong ones."""

from __future__ import annotations

import json
import logging
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import schemathesis
from fastapi import FastAPI
from pydantic import ValidationError
from schemathesis import HookContext, engine, hooks
from schemathesis.config import HealthCheck
from schemathesis.engine import events
from schemathesis.engine.recorder import Interaction, ScenarioRecorder
from schemathesis.generation import GenerationMode

from flowforge_schema.contracts.fields import UUID_PATTERN

if TYPE_CHECKING:
    from schemathesis.specs.openapi.schemas import OpenApiCase  # it is there for type checkers alone

logger = logging.getLogger(__name__)

REQUESTS = int(os.environ.get("FLOWFORGE_CONTRACT_REQUESTS", "300"))
UUID = re.compile(UUID_PATTERN)
CASES = int(os.environ.get("FLOWFORGE_CONTRACT_CASES", "3"))

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
]
# Rules that JSON Schema cannot say: a request that keeps to the document may still break them.
BEYOND_JSON_SCHEMA = {"email", "not_its_own_dependency", "not_storable", "too_large"}


# A request for a row that refers to nothing would stop at the foreign key, so most references are led to a row that is there.
PARENT_OF = {"user_id": "users", "owner_id": "users", "triggered_by": "users"} | {
    "workflow_id": "workflows",
    "step_id": "workflow_steps",
    "run_id": "workflow_runs",
}


@dataclass
class Run:
    """What came of the requests: how many there were by operation and status, and those that were answered wrongly."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """Return the number of all requests."""
        return self.statuses.total()

    def by_status(self) -> dict[int, int]:
        """Return the number of answers by status."""
        counts: Counter[int] = Counter()
        for (_, status), count in self.statuses.items():
            counts[status] += count
        return dict(sorted(counts.items()))

    def operations(self, *statuses: int) -> set[str]:
        """Return the operations that have answered with one of these."""
        return {operation for operation, status in self.statuses if status in statuses}


def drive(app: FastAPI, tables: Any, rows: Any, *, requests: int) -> Run:
    """Send at least so many requests, in passes with other seeds."""

    def before_call(_context: HookContext, case: OpenApiCase, _kwargs: dict[str, Any]) -> None:
        for part in (case.body, case.path_parameters):
            if isinstance(part, dict):
                lead_to_parents(part, rows.parents)
        lead_to_the_rest_of_a_key(case.path_parameters or {}, rows.parents)
        if isinstance(case.body, dict) and isinstance(case.body.get("lock_version"), int):
            case.body["lock_version"] = rows.lock_version(table_of(case, tables), case.path_parameters)

    run, seed = Run(), 0
    schemathesis.hook(before_call)  # there is no such hook of one schema
    try:
        while run.requests < requests:
            for event in engine.from_schema(description(app, seed)).execute():
                match event:
                    case events.ScenarioFinished():
                        note(run, event.recorder, tables)
                    case events.NonFatalError() | events.FatalError():
                        run.wrong.append(str(event))
            seed += 1
            logger.info("%d requests, %d answered wrongly: %s", run.requests, len(run.wrong), run.by_status())
    finally:
        hooks.unregister(before_call)
    return run


def description(app: FastAPI, seed: int) -> Any:
    """Read the application's OpenAPI document, and say how requests are made from it."""
    # A busy machine makes data slowly; that is no fault of the data.
    config = schemathesis.Config(seed=seed, suppress_health_check=[HealthCheck.all])
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    schema.config.generation.update(max_examples=CASES, database="none")
    schema.config.checks.update(included_check_names=CHECKS)
    if seed > 0:  # the cases of the other phases do not depend on the seed
        schema.config.phases.update(phases=["fuzzing", "stateful"])
    return schema


def lead_to_parents(part: dict[str, Any], parents: dict[str, str]) -> None:
    """Replace references by one that exists, but for some."""
    for name in PARENT_OF.keys() & part.keys():
        if UUID.fullmatch(str(part[name])) and not str(part[name]).startswith("0"):
            part[name] = parents[PARENT_OF[name]]


def lead_to_the_rest_of_a_key(path: dict[str, Any], parents: dict[str, str]) -> None:
    """Name a row that exists where its key is more than a reference."""
    for rest, parent in (("key", "workflow_run_keys"), ("version", "workflow_versions")):
        if rest in path and UUID.fullmatch(str(path["workflow_id"])):
            path.update({"workflow_id": parents["workflows"], rest: parents[parent]})


def note(run: Run, recorder: ScenarioRecorder, tables: Any) -> None:
    """Count the answers of a scenario and judge them."""
    for case_id, interaction in recorder.interactions.items():
        case = recorder.cases[case_id].value
        if interaction.response is None:
            run.wrong.append(f"{case.operation.label}: no answer")
            continue
        run.statuses[case.operation.label, interaction.response.status_code] += 1
        run.wrong.extend(wrong_answers(case, interaction, tables))
    for checks in recorder.checks.values():
        run.wrong.extend(
            f"{recorder.label}: {check.failure_info.failure}" for check in checks if check.failure_info is not None
        )


def wrong_answers(case: OpenApiCase, interaction: Interaction, tables: Any) -> Iterator[str]:
    """Report where an answer is not what the contract says of the request."""
    assert interaction.response is not None
    response, sent = interaction.response, interaction.request
    about = f"{sent.method} {sent.uri} {sent.body!r} -> {response.status_code} {response.content!r}"
    if response.status_code >= 500:
        yield f"a server error: {about}"
    if (
        sent.method != case.operation.method.upper()
        or sent.body is None
        or sent.headers.get("Content-Type") != ["application/json"]
    ):
        return
    problem = response.json() if response.status_code == 422 else {}
    if {error["pointer"].split("/")[1] for error in problem.get("errors", ())} - {"body"}:
        return  # it is the path that was refused
    taken = contract_takes(table_of(case, tables), sent.method, sent.body)
    stored = response.status_code in {200, 201, 404, 409} or problem.get("code") == "reference_not_found"
    if taken and not stored:
        yield f"the contract takes it, the database does not: {about}"
    if not taken and response.status_code not in {400, 422}:
        yield f"the contract refuses it, the answer is no refusal: {about}"
    reasons = {error["type"] for error in problem.get("errors", ())}
    assert case.meta is not None
    if not taken and case.meta.generation.mode is GenerationMode.POSITIVE and not reasons <= BEYOND_JSON_SCHEMA:
        yield f"the document takes it, the contract does not: {about}"


def contract_takes(table: Any, method: str, body: bytes) -> bool:
    """Whether the contract takes a body, which FastAPI reads with Python's json."""
    contract = {"POST": table.create, "PATCH": table.update}[method]
    try:
        contract.model_validate(json.loads(body))
    except (ValidationError, ValueError, RecursionError):
        return False
    return True


def table_of(case: OpenApiCase, tables: Any) -> Any:
    return tables[case.operation.path.split("/")[1]]


def test_every_request_is_answered_as_the_contract_says(contract_app: FastAPI, tables: Any, rows: Any) -> None:
    run = drive(contract_app, tables, rows, requests=REQUESTS)

    assert run.wrong == []
    assert run.operations(200, 201) == run.operations(404, 405, 409, 422)
