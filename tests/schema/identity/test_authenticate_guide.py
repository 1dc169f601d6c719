"""The code of docs/guides/authenticate.md, run as it is printed there."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from flowforge_schema import ApiKey, Database, NotFoundError, User

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "authenticate.md"
TEXT = GUIDE.read_text("utf-8")
FILES: dict[str, str] = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", TEXT, re.DOTALL))

Imported = Callable[[str], ModuleType]


@pytest.fixture
def imported(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Imported:
    """Return what imports one of the guide's files, from a folder that holds them all."""
    for name, code in FILES.items():
        (tmp_path / name).write_text(code, "utf-8")
        monkeypatch.delitem(sys.modules, name.removesuffix(".py"), raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("FLOWFORGE_DB_URL", database_url)
    return importlib.import_module


@pytest.fixture
async def user(database: Database) -> User:
    """Return a user with a password."""
    user = User(email="Andr\u00e9@example.org", password_hash="right")  # noqa: S106 - it stands for a hash
    async with database.session() as session:
        session.add(user)
    return user


@pytest.fixture
async def key(imported: Imported, database: Database, user: User) -> str:
    """Return a key of the user's."""
    async with database.session() as session:
        made: str = await imported("keys").make_key(session, user.id, "deploy", ["runs:read"])
    return made


@pytest.fixture
async def client(imported: Imported) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the guide's application."""
    app = imported("app")
    transport = httpx.ASGITransport(app.app)
    async with app.database.lifespan(app.app), httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


async def stored_key(database: Database) -> ApiKey:
    async with database.session() as session:
        return (await session.scalars(select(ApiKey))).one()


async def asked(client: httpx.AsyncClient, authorization: str) -> Any:
    return await client.get("/key", headers={"Authorization": authorization})


def is_right(stored: str | None) -> bool:
    return stored == "right"


def test_every_block_of_python_on_the_page_is_a_file_of_this_test() -> None:
    assert list(FILES) == ["people.py", "keys.py", "app.py"]
    assert TEXT.count("```python") == len(FILES)


def test_the_page_needs_no_module_below_the_top() -> None:
    assert [code for code in FILES.values() if "flowforge_schema." in code] == []


@pytest.mark.parametrize("typed", ["andr\u00e9@example.org", "ANDRE\u0301@EXAMPLE.ORG"])
async def test_a_user_signs_in_by_the_address_in_any_spelling(
    imported: Imported, database: Database, user: User, typed: str
) -> None:
    signed_in = await imported("people").sign_in(database, typed, is_right)

    assert signed_in.id == user.id
    assert signed_in.last_login_at is not None


async def test_a_wrong_password_signs_nobody_in(imported: Imported, database: Database, user: User) -> None:
    assert await imported("people").sign_in(database, user.email, lambda _: False) is None


@pytest.mark.usefixtures("user")
async def test_an_address_without_a_user_is_verified_all_the_same(imported: Imported, database: Database) -> None:
    seen: list[str | None] = []

    assert await imported("people").sign_in(database, "grace@example.org", seen.append) is None
    assert seen == [None]


async def test_a_user_who_is_not_active_does_not_sign_in(imported: Imported, database: Database, user: User) -> None:
    async with database.session() as session:
        await session.execute(text("UPDATE users SET is_active = false"))

    assert await imported("people").sign_in(database, user.email, is_right) is None


async def test_the_key_itself_is_not_stored(database: Database, key: str) -> None:
    async with database.session() as session:
        row = await session.scalar(text("SELECT api_keys::text || encode(key_hash, 'escape') FROM api_keys"))

    assert row is not None
    assert key.partition(".")[2] not in row


async def test_a_key_is_used_and_its_use_is_noted(client: httpx.AsyncClient, database: Database, key: str) -> None:
    answer = await asked(client, f"Bearer {key}")

    assert (answer.status_code, answer.json()["prefix"]) == (200, key.partition(".")[0])
    assert (await stored_key(database)).last_used_at is not None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: f"Bearer {key}x",
        lambda key: f"Basic {key}",
        lambda _: "Bearer ff_live_0000000000000000.x",
        lambda _: "",
    ],
    ids=["another secret", "another scheme", "a prefix of nobody's", "nothing"],
)
async def test_what_is_no_key_is_refused_and_notes_no_use(
    client: httpx.AsyncClient, database: Database, key: str, spoil: Callable[[str], str]
) -> None:
    answer = await asked(client, spoil(key))

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (await stored_key(database)).last_used_at is None


async def test_a_revoked_key_is_refused_and_keeps_the_moment_in_which_it_was_revoked(
    imported: Imported, client: httpx.AsyncClient, database: Database, key: str
) -> None:
    revoked: list[Any] = []
    for _ in range(2):
        async with database.session() as session:
            await imported("keys").revoke_key(session, (await stored_key(database)).id)
        revoked.append((await stored_key(database)).revoked_at)

    assert (await asked(client, f"Bearer {key}")).status_code == 401
    assert revoked[0] == revoked[1]


async def test_revoking_what_is_no_key_is_told(imported: Imported, database: Database, user: User) -> None:
    with pytest.raises(NotFoundError):
        async with database.session() as session:
            await imported("keys").revoke_key(session, user.id)
