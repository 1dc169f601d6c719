"""Mistakes that both type checkers must find, one on each line that says so; checked, never run."""

from __future__ import annotations

import flowforge_schema
from flowforge_schema import Database, PoolState, retry_transient


@retry_transient()
async def count(database: Database, *, at_most: int) -> int:
    return at_most + database.pool_state().idle


async def work(database: Database) -> None:
    await count(database, at_most="3")  # wrong: not a number
    flowforge_schema.get_session()  # wrong: no such name
    await count(at_most=3)  # wrong: no database
    Database(3)  # wrong: neither settings nor a URL
    async with database.session() as session:
        session.add_everything()  # wrong: no such method
    database.pool_state().limit = 3  # wrong: frozen
    _: PoolState = database.pool_state  # wrong: not called
