"""The rows of every query pattern pass the contract that shows them, as FastAPI asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, text

from flowforge_schema import Database, DbSession, install_error_handlers
from flowforge_schema.contracts import SHOWN_AS
from flowforge_schema.contracts.documents import CONTRACTS, LISTS
from flowforge_schema.queries import PATTERNS, Pattern
from flowforge_schema.seed import plant_story

SHOWN = [pattern for pattern in PATTERNS if SHOWN_AS.get(pattern.name)]


def test_every_pattern_has_what_shows_it_or_is_shown_by_nothing() -> None:
    assert set(SHOWN_AS) == {pattern.name for pattern in PATTERNS}


def test_what_shows_a_pattern_is_in_the_documents() -> None:
    documented = {shown for table in CONTRACTS for shown in (*CONTRACTS[table], *LISTS.get(table, ()))}

    assert {shown for shown in SHOWN_AS.values() if shown} <= documented


def plant(database: Database) -> None:
    engine = create_engine(database.settings.primary_url)
    with engine.begin() as connection:
        plant_story(connection, now=datetime.now(UTC) - timedelta(minutes=1))
    engine.dispose()


@pytest.mark.parametrize("pattern", SHOWN, ids=lambda pattern: pattern.name)
async def test_the_rows_of_a_pattern_pass_the_contract_that_shows_them(database: Database, pattern: Pattern) -> None:
    plant(database)
    app = FastAPI(lifespan=database.lifespan)
    install_error_handlers(app)
    async with database.session() as session:
        sample = (await session.execute(text(pattern.samples))).mappings().first()

    contract: Any = SHOWN_AS[pattern.name]

    @app.get("/", response_model=list[contract])
    async def show(session: DbSession) -> Sequence[Any]:
        result = await session.execute(pattern.make(**{**pattern.example, **(sample or {})}))
        rows = result.all()
        return [row[0] if len(row) == 1 else row for row in rows]

    transport = httpx.ASGITransport(app)
    async with database.lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/")

    assert answer.status_code == 200, answer.text
    assert answer.json(), "the story has no row for this pattern"
