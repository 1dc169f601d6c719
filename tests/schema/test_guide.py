"""The code of docs/guides/using-the-data-layer.md, run as it is printed there."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from flowforge_schema import Database, DatabaseSettings, RunStatus, WorkflowRun

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "using-the-data-layer.md"
TEXT = GUIDE.read_text("utf-8")
FILES: dict[str, str] = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture
def place(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the guide's files into a folder that Python imports from, beside a migrated database."""
    for name, code in FILES.items():
        (tmp_path / name).write_text(code, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("FLOWFORGE_DB_URL", database_url)
    return tmp_path


def imported(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module(name)


@pytest.fixture
async def client(
    place: Path,  # noqa: ARG001 - the files have to be there
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[httpx.AsyncClient]:
    app = imported("app", monkeypatch)
    transport = httpx.ASGITransport(app.app)
    async with app.database.lifespan(app.app), httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


async def post(client: httpx.AsyncClient, path: str, **body: object) -> Any:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def make_workflow(client: httpx.AsyncClient) -> dict[str, Any]:
    owner = await post(client, "/users", email="ada@example.org")
    workflow: dict[str, Any] = await post(client, "/workflows", owner_id=owner["id"], name="report")
    return workflow


def test_every_block_of_python_on_the_page_is_a_file_of_this_test() -> None:
    assert list(FILES) == ["app.py", "worker.py", "names.py", "test_app.py"]
    assert TEXT.count("```python") == len(FILES)


def test_the_page_needs_no_module_below_the_top() -> None:
    assert [code for code in FILES.values() if "flowforge_schema." in code] == []


async def test_the_application_creates_and_lists(client: httpx.AsyncClient) -> None:
    workflow = await make_workflow(client)

    listed = (await client.get(f"/users/{workflow['owner_id']}/workflows")).json()

    assert [found["id"] for found in listed] == [workflow["id"]]


@pytest.mark.parametrize("field", ["is_superuser", "email_verified_at", "password_hash", "is_active", "last_login_at"])
async def test_a_stranger_gives_no_rights(client: httpx.AsyncClient, field: str) -> None:
    answer = await client.post("/users", json={"email": "ada@example.org", field: True})
    taken = (await client.get("/openapi.json")).json()["components"]["schemas"]

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/body/{field}")
    assert [
        name for name, schema in taken.items() if field in schema.get("properties", ()) and name != "UserRead"
    ] == []


async def test_the_application_tells_a_second_writer(client: httpx.AsyncClient) -> None:
    workflow = await make_workflow(client)
    change = {"lock_version": workflow["lock_version"], "name": "weekly report"}

    first = await client.patch(f"/workflows/{workflow['id']}", json=change)
    second = await client.patch(f"/workflows/{workflow['id']}", json=change)

    assert (first.status_code, first.json()["name"]) == (200, "weekly report")
    assert (second.status_code, second.json()["code"]) == (409, "concurrent_update")


async def test_the_application_is_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/readyz")).status_code == 200


async def test_the_worker_takes_a_run_once(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = await make_workflow(client)
    run_id = await post(client, f"/workflows/{workflow['id']}/runs")
    worker = imported("worker", monkeypatch)

    taken = [await worker.main(run_id) for _ in range(2)]

    async with database.read_session() as session:
        run = await session.get_one(WorkflowRun, run_id)
    assert (taken, run.status) == ([True, False], RunStatus.RUNNING)


async def test_a_client_that_asks_twice_with_one_key_has_one_run(client: httpx.AsyncClient) -> None:
    workflow = await make_workflow(client)
    path = f"/workflows/{workflow['id']}/runs"
    keys = ["order-4711", "order-4711", "order-4712", ""]
    answers = [await client.post(path, headers={"Idempotency-Key": key}) for key in keys]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 422]
    assert answers[0].json() == answers[1].json() != answers[2].json()


async def test_a_free_name_is_found(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = await make_workflow(client)
    names = imported("names", monkeypatch)

    assert await names.create_under_a_free_name(database, workflow["owner_id"], "Report") == "Report 2"


def test_the_guides_own_test_passes(place: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_app.py"],
        cwd=place,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_every_variable_on_the_page_is_a_setting() -> None:
    told = set(re.findall(r"FLOWFORGE_DB_([A-Z_]*[A-Z])", TEXT))

    assert {name.lower() for name in told} <= set(DatabaseSettings.model_fields)


def test_the_defaults_on_the_page_are_those_of_the_settings() -> None:
    told = dict(re.findall(r"\| `FLOWFORGE_DB_(\w+)` \| `?(\w+)`? \|", TEXT))
    fields = DatabaseSettings.model_fields

    assert {name: value.lower() for name, value in told.items() if value != "none"} == {
        name: str(fields[name.lower()].default).lower() for name, value in told.items() if value != "none"
    }
