"""Bodies on which an application has answered 500 somewhere: each is taken and stored, or refused with a reason."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from pydantic import Field

from flowforge_schema import contracts, limits
from flowforge_schema.contracts.sizes import jsonb_size_bytes
from flowforge_schema.storable import JSON_DEPTH_MAX

HASH = "ab" * limits.API_KEY_HASH_SIZE_BYTES


@pytest.fixture
async def client(contract_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with contract_app.router.lifespan_context(contract_app), client_of(contract_app) as client:
        yield client


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """Return a client that is shown a failure of the application as a 500, as clients are."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://api")


def body_of(tables: Any, name: str, field: str, value: str) -> bytes:
    """Return a body of the smallest row with one field as it is written here; JSON has spellings that no dict has."""
    fields = {column: json.dumps(value, default=as_json) for column, value in tables[name].smallest.items()}
    written = ", ".join(f'"{column}": {text}' for column, text in {**fields, field: value}.items())
    return f"{{{written}}}".encode()


def as_json(value: bytes | UUID) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def nested(levels: int) -> str:
    return '{"a": ' * levels + "1" + "}" * levels


def document(size_bytes: int) -> str:
    return json.dumps({"a": "x" * (size_bytes - jsonb_size_bytes({"a": ""}))})


REFUSED = {
    "NaN in a document": ("outbox_events", "payload", '{"a": [NaN]}'),
    "an infinity in a document": ("outbox_events", "payload", '{"a": -Infinity}'),
    "a number beyond a double in a document": ("outbox_events", "payload", '{"a": 1e400}'),
    "an integer beyond a double in a document": ("outbox_events", "payload", '{"a": 1' + "0" * 309 + "}"),
    "NaN for an integer": ("outbox_events", "attempts", "NaN"),
    "an infinity for an integer": ("outbox_events", "attempts", "Infinity"),
    "an integer beyond smallint": ("outbox_events", "attempts", "32768"),
    "an integer beyond integer": ("workflow_steps", "position", "2147483648"),
    "an integer of 400 digits": ("workflow_steps", "position", "9" * 400),
    "half an integer": ("workflow_steps", "position", "0.5"),
    "a text for an integer": ("workflow_steps", "position", '"1"'),
    "true for an integer": ("workflow_steps", "position", "true"),
    "a text for a truth value": ("users", "is_active", '"yes"'),
    "NUL in a text": ("users", "display_name", r'"a\u0000b"'),
    "NUL in a document": ("workflows", "settings", r'{"a": ["\u0000"]}'),
    "NUL in a key of a document": ("workflows", "settings", r'{"a": {"\u0000": 1}}'),
    "NUL in a list": ("api_keys", "scopes", r'["\u0000"]'),
    "a lone surrogate in a text": ("users", "display_name", r'"\ud800"'),
    "a lone surrogate in a document": ("workflows", "settings", r'{"a": ["\udfff"]}'),
    "a lone surrogate in a key of a document": ("workflows", "settings", r'{"\ud800": 1}'),
    "a lone surrogate in a list": ("api_keys", "scopes", r'["\ud800"]'),
    "a lone surrogate in an unknown field's name": ("users", r"\ud800", "1"),
    "a lone surrogate for an id": ("workflows", "owner_id", r'"\ud800"'),
    "a lone surrogate for a timestamp": ("users", "last_login_at", r'"\ud800"'),
    "a lone surrogate for a status": ("workflow_runs", "status", r'"\ud800"'),
    "a document nested too deep": ("workflows", "settings", nested(JSON_DEPTH_MAX + 1)),
    "a document one byte too large": ("workflows", "settings", document(limits.WORKFLOW_SETTINGS_SIZE_BYTES_MAX + 1)),
    "a list for a document": ("workflows", "settings", "[]"),
    "null among scopes": ("api_keys", "scopes", "[null]"),
    "null for a column that is not": ("users", "is_active", "null"),
    "a space before an address": ("users", "email", '" ada@example.org"'),
    "a space after an address": ("users", "email", '"ada@example.org "'),
    "a text one character too long": ("users", "email", json.dumps("\U0001f600" * (limits.EMAIL_LENGTH_MAX + 1))),
    "a line feed after a prefix": ("api_keys", "prefix", r'"abcdefgh\n"'),
    "a line feed after a step's key": ("workflow_steps", "key", r'"load\n"'),
    "digits that are not ASCII": ("api_keys", "prefix", '"٣٣٣٣٣٣٣٣"'),
    "a timestamp without an offset": ("users", "last_login_at", '"2026-01-01T00:00:00"'),
    "a timestamp in seconds": ("users", "last_login_at", "1767225600"),
    "a leap second": ("users", "last_login_at", '"2016-12-31T23:59:60Z"'),
    "a day that does not exist": ("users", "last_login_at", '"2026-02-30T00:00:00Z"'),
    "the first moment of Python": ("users", "last_login_at", '"0001-01-01T00:00:00+14:00"'),
    "the last moment of Python": ("users", "last_login_at", '"9999-12-31T23:59:59-12:00"'),
    "infinity for a timestamp": ("users", "last_login_at", '"infinity"'),
    "a UUID in braces": ("workflows", "owner_id", '"{018f0000-0000-7000-8000-000000000000}"'),
    "a status in upper case": ("workflow_runs", "status", '"PENDING"'),
    "a status without its clocks": ("workflow_runs", "status", '"completed"'),
    "a step that depends on itself": ("workflow_steps", "depends_on", '["load"]'),
    "a dependency that is no key": ("workflow_steps", "depends_on", '["Load it"]'),
    "a hash that is too short": ("api_keys", "key_hash", '"ab"'),
    "a column that the database makes": ("users", "created_at", '"2026-01-01T00:00:00Z"'),
    "an id of the client's own": ("users", "id", f'"{UUID(int=1)}"'),
}


@pytest.mark.parametrize("trap", REFUSED)
async def test_is_refused_with_its_place(client: httpx.AsyncClient, tables: Any, trap: str) -> None:
    name, field, value = REFUSED[trap]
    answer = await client.post(f"/{name}", content=body_of(tables, name, field, value), headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_data")
    assert all(error["pointer"].startswith("/body") for error in answer.json()["errors"])


TAKEN = {
    "a text as long as allowed, of characters of four bytes": (
        "users",
        "email",
        json.dumps("\U0001f600" * limits.EMAIL_LENGTH_MAX),
    ),
    "a tab before an address, which btrim leaves": ("users", "email", r'"\tada@example.org"'),
    "a pair of surrogates": ("users", "display_name", r'"\ud83d\ude00"'),
    "a character that is none": ("users", "display_name", r'"\uffff"'),
    "1.0 for an integer": ("outbox_events", "attempts", "1.0"),
    "the largest number of a double": ("outbox_events", "payload", '{"a": 1.7976931348623157e308}'),
    "the smallest number of a double": ("outbox_events", "payload", '{"a": 5e-324}'),
    "a document nested as deep as allowed": ("outbox_events", "payload", nested(JSON_DEPTH_MAX)),
    "a document as large as allowed": ("outbox_events", "payload", document(limits.EVENT_PAYLOAD_SIZE_BYTES_MAX)),
    "a list with the text NULL, a quote and a backslash": ("api_keys", "scopes", r'["NULL", "\"", "\\", "{}", ""]'),
    "an offset that PostgreSQL does not read": ("users", "last_login_at", '"2026-01-01T00:00:00+23:59"'),
    "a timestamp of nanoseconds": ("users", "last_login_at", '"2026-01-01T00:00:00.123456789Z"'),
    "the first year that is taken": ("users", "last_login_at", '"0002-01-01T00:00:00+23:59"'),
    "the last year that is taken": ("users", "last_login_at", '"9998-12-31T23:59:59-23:59"'),
}


@pytest.mark.parametrize("trap", TAKEN)
async def test_is_taken_and_shown(client: httpx.AsyncClient, tables: Any, trap: str) -> None:
    name, field, value = TAKEN[trap]
    unique = {"users": ("email", f"{trap}@example.org"), "api_keys": ("prefix", "ff_trap_1")}.get(name)
    body = json.loads(body_of(tables, name, field, value))
    if unique is not None and unique[0] != field:
        body[unique[0]] = unique[1]
    created = await client.post(f"/{name}", json=body)
    shown = await client.get(f"/{name}/{created.json().get('id')}")

    assert (created.status_code, shown.status_code) == (201, 200), created.text
    assert shown.json(parse_int=float) == created.json(parse_int=float)


class Own(contracts.UserCreate):
    """A contract of an endpoint's own, with a field whose keys are the client's."""

    counts: dict[str, int] = Field(default={})


JSON = {"Content-Type": "application/json"}
UNREADABLE = {
    "nested deeper than Python's json reads": b'{"a": ' * 100_000,
    "an integer of more digits than Python reads": b'{"a": ' + b"9" * 5000 + b"}",
    "bytes that are not UTF-8": b'{"email": "\xff"}',
    "no JSON": b"{",
}


@pytest.mark.parametrize("trap", UNREADABLE)
async def test_a_body_that_cannot_be_read_is_the_clients_error(client: httpx.AsyncClient, trap: str) -> None:
    answer = await client.post("/users", content=UNREADABLE[trap], headers=JSON)

    assert answer.status_code in {400, 422}


async def test_an_address_in_other_case_conflicts(client: httpx.AsyncClient) -> None:
    await client.post("/users", json={"email": "Grace@Example.org"})
    answer = await client.post("/users", json={"email": "gRACE@eXAMPLE.ORG"})

    assert (answer.status_code, answer.json()["field"]) == (409, "email")


async def test_a_reference_to_nothing_is_told_from_a_value_that_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/workflows", json={"owner_id": str(UUID(int=1)), "name": "orphan"})

    assert (answer.status_code, answer.json()["code"]) == (422, "reference_not_found")


async def test_a_change_from_an_older_version_conflicts(client: httpx.AsyncClient, rows: Any) -> None:
    path = f"/workflows/{rows.parents['workflows']}"
    await client.patch(path, json={"lock_version": 1, "description": "first"})
    answer = await client.patch(path, json={"lock_version": 1, "description": "second"})

    assert (answer.status_code, answer.json()["code"]) == (409, "concurrent_update")


async def test_what_a_change_leaves_out_stays_and_what_is_null_becomes_null(client: httpx.AsyncClient) -> None:
    created = (
        await client.post("/users", json={"email": "m@example.org", "display_name": "M", "is_superuser": True})
    ).json()
    changed = (await client.patch(f"/users/{created['id']}", json={"display_name": None})).json()

    assert changed == {**created, "display_name": None, "updated_at": changed["updated_at"]}


@pytest.mark.parametrize("field", ["started_at", "finished_at", "status"])
async def test_a_part_of_a_runs_state_is_refused(client: httpx.AsyncClient, rows: Any, field: str) -> None:
    state = {"status": "running", "started_at": "2026-01-01T00:00:00Z", "finished_at": None}
    answer = await client.patch(
        f"/workflow_runs/{rows.parents['workflow_runs']}", json={"lock_version": 1, field: state[field]}
    )

    assert [error["type"] for error in answer.json()["errors"]] == ["together"]


@pytest.mark.parametrize("part", [{"key": "other"}, {"depends_on": []}])
async def test_a_steps_key_is_not_changed_without_its_dependencies_nor_they_without_it(
    client: httpx.AsyncClient, rows: Any, part: dict[str, Any]
) -> None:
    answer = await client.patch(f"/workflow_steps/{rows.parents['workflow_steps']}", json=part)

    assert [error["type"] for error in answer.json()["errors"]] == ["together"]


async def test_hashes_are_never_shown(client: httpx.AsyncClient, rows: Any) -> None:
    key = {"user_id": rows.parents["users"], "name": "k", "prefix": "ff_secret", "key_hash": HASH}
    answers = [
        await client.post("/users", json={"email": "s@example.org", "password_hash": "argon2-secret"}),
        await client.post("/api_keys", json=key),
        await client.get("/users"),
        await client.get("/api_keys"),
    ]

    assert [secret in answer.text for answer in answers for secret in ("argon2-secret", HASH, '_hash"')] == [False] * 12


async def test_a_secret_is_not_in_the_answer_that_refuses_it(client: httpx.AsyncClient) -> None:
    secret = "argon2-secret" * 100
    answer = await client.post("/users", json={"email": "s2@example.org", "password_hash": secret, secret: 1})

    assert (answer.status_code, "argon2-secret" * 40 in answer.text.replace(f"/body/{secret}", "")) == (422, False)


def test_a_secret_is_not_in_the_text_of_a_contract() -> None:
    contract = contracts.UserCreate.model_validate({"email": "s3@example.org", "password_hash": "argon2-secret"})

    assert "argon2-secret" not in f"{contract!r} {contract} {contract.model_dump_json()}"


@pytest.mark.parametrize(
    "body",
    [
        b"NaN",
        rb'{"email": "a@b", "counts": {"\ud800": "x"}}',
        rb'{"email": "\ud800"}',
        rb'{"email": "a@b", "\ud800": 1}',
        b'{"email": Infinity}',
    ],
)
async def test_with_a_contract_fastapis_own_answer_does_not_fail_on_what_was_sent(body: bytes) -> None:
    app = FastAPI()

    @app.post("/users")
    async def create(new: Own) -> None: ...

    async with client_of(app) as client:
        answer = await client.post("/users", content=body, headers=JSON)

    assert answer.status_code == 422
