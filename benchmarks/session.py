"""What the data layer costs: a session, a select and a commit beside bare psycopg; 5,000 rows by the ORM; transactions by pool size.

`python benchmarks/session.py [--units 1000] [--rounds 5] [--clients 60]`. The ways of each part take turns in one process on one
server, so that what disturbs one disturbs all. A figure is the median of the turns, a ratio the median of the ratios of turns side
by side: to each way that stands above.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from pydantic import SecretStr
from sqlalchemy import event, select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from flowforge_schema import Database, DatabaseSettings, User, get_db_session
from flowforge_schema.base import new_id
from flowforge_schema.engine import create_script_engine
from flowforge_schema.models import metadata
from pgharness.servers import ServerUrl, open_server

Work = Callable[[], Awaitable[object]]

ROWS = 5_000
POOL_SIZES = (1, 2, 5, 10, 20, 40)
TRANSACTIONS = 5
UNITS_A_TURN = 20

in_session = asynccontextmanager(get_db_session)


class Base(DeclarativeBase):
    """Apart from the models of the package."""


class ServerKeyed(Base):
    """The table of users, mapped so that only the server makes the key."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    email: Mapped[str]


async def measure(url: ServerUrl, units: int, rounds: int, clients: int) -> None:
    """Measure the three parts on one server, and print each when it is done."""
    database = Database(url.render("psycopg"))
    user = User(email="ada@example.org")
    async with database.session() as session:
        session.add(user)
    print_part(
        "one unit of work: session, select by key, commit",
        await units_of_work(database, url, user.id, units),
        "us",
    )
    inserts, statements = await bulk_inserts(database, url, rounds)
    print_part(f"{ROWS:,} rows", inserts, "ms", {name: f"{count:,} statements" for name, count in statements.items()})
    await database.dispose()
    rates = await rates_by_pool_size(url, user.id, clients, rounds)
    print(f"\ntransactions of four statements a second, {clients} clients")
    for size, rate in rates.items():
        print(f"  {size:>3} connections {rate:8.0f}")


# One unit of work


async def units_of_work(database: Database, url: ServerUrl, key: UUID, units: int) -> dict[str, list[float]]:
    """Return the microseconds that one unit of work took in each turn, by way."""
    engine = create_async_engine(url.render("psycopg"))
    plain = async_sessionmaker(engine, expire_on_commit=False)
    async with await psycopg.AsyncConnection.connect(url.conninfo()) as connection:

        async def by_psycopg() -> None:
            cursor = await connection.execute("SELECT * FROM users WHERE id = %s", [key])
            await cursor.fetchone()
            await connection.commit()

        async def by_sqlalchemy() -> None:
            async with plain() as session:
                await session.get(User, key)
                await session.commit()

        async def by_get_db_session() -> None:
            async with in_session(database) as session:
                await session.get(User, key)

        ways: dict[str, Work] = {
            "psycopg, one connection held": by_psycopg,
            "SQLAlchemy, default engine": by_sqlalchemy,
            "get_db_session": by_get_db_session,
        }
        taken = await in_turns({name: repeated(way, UNITS_A_TURN) for name, way in ways.items()}, units // UNITS_A_TURN)
    await engine.dispose()
    return {name: [seconds / UNITS_A_TURN * 1e6 for seconds in turns] for name, turns in taken.items()}


# Many rows


async def bulk_inserts(
    database: Database, url: ServerUrl, rounds: int
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Return the milliseconds that inserting the rows took in each turn and the statements that it sends, by way."""
    statements: dict[str, int] = {}

    async def by_orm(name: str, model: type[Any]) -> None:
        async with database.session() as session, counting(session, name, statements):
            session.add_all([model(email=f"{number}@example.org") for number in range(ROWS)])
            await session.flush()
            await session.rollback()

    async with await psycopg.AsyncConnection.connect(url.conninfo()) as connection:

        async def by_psycopg() -> None:
            rows = [(new_id(), f"{number}@example.org") for number in range(ROWS)]
            async with connection.cursor() as cursor:
                await cursor.executemany("INSERT INTO users (id, email) VALUES (%s, %s)", rows)
            await connection.rollback()

        ways: dict[str, Work] = {
            "psycopg, executemany": by_psycopg,
            "ORM, key made here": lambda: by_orm("ORM, key made here", User),
            "ORM, key made by the server": lambda: by_orm("ORM, key made by the server", ServerKeyed),
        }
        taken = await in_turns(ways, rounds)
    return {name: [seconds * 1e3 for seconds in turns] for name, turns in taken.items()}, statements


@asynccontextmanager
async def counting(session: AsyncSession, name: str, statements: dict[str, int]) -> AsyncIterator[None]:
    """Count the statements that the block sends."""
    engine = session.get_bind().engine
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1

    event.listen(engine, "before_cursor_execute", count)
    yield
    event.remove(engine, "before_cursor_execute", count)
    statements[name] = seen


# The pool


async def rates_by_pool_size(url: ServerUrl, key: UUID, clients: int, rounds: int) -> dict[int, float]:
    """Return the transactions a second of many clients that share so many connections."""
    secret = SecretStr(url.render("psycopg"))
    databases = {
        size: Database(DatabaseSettings(url=secret, pool_size=size, max_overflow=0, pool_timeout_s=60))
        for size in POOL_SIZES
    }

    def work_of(database: Database) -> Work:
        async def client() -> None:
            for _ in range(TRANSACTIONS):
                async with database.session() as session:
                    user = await session.get_one(User, key)
                    await session.execute(select(User.email).where(User.id == key))
                    user.is_active = True
                    await session.execute(text("SELECT 1"))

        async def all_clients() -> None:
            await asyncio.gather(*[client() for _ in range(clients)])

        return all_clients

    taken = await in_turns({str(size): work_of(database) for size, database in databases.items()}, rounds)
    for database in databases.values():
        await database.dispose()
    return {int(size): clients * TRANSACTIONS / statistics.median(turns) for size, turns in taken.items()}


# How it is measured


def repeated(work: Work, times: int) -> Work:
    """Do the same several times, one after the other."""

    async def run() -> None:
        for _ in range(times):
            await work()

    return run


async def in_turns(ways: Mapping[str, Work], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each way's turns, after a turn that is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, work in ways.items():
            started = time.perf_counter()
            await work()
            if turn > 0:
                taken[name].append(time.perf_counter() - started)
    return taken


def print_part(title: str, taken: Mapping[str, list[float]], unit: str, notes: Mapping[str, str] | None = None) -> None:
    """Print the medians of one part, each beside its ratio to every way before it."""
    print(f"\n{title}")
    for place, (name, turns) in enumerate(taken.items()):
        ratios = [ratio(turns, others) for others in list(taken.values())[: max(place, 1)]]
        shown = " ".join(f"{value:6.2f}" for value in ratios)
        print(f"  {name:<30} {statistics.median(turns):8.0f} {unit} {shown}   {(notes or {}).get(name, '')}".rstrip())


def ratio(turns: Sequence[float], others: Sequence[float]) -> float:
    """Return the median ratio of turns that were taken side by side."""
    return statistics.median(one / other for one, other in zip(turns, others, strict=True))


def main() -> None:
    """Read the options, and measure on a server of our own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=60)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # on a busy machine any statement may be a slow one
    with open_server("embedded") as server:
        print(server.description)
        settings = DatabaseSettings(url=SecretStr(server.url.render("psycopg")))
        metadata.create_all(create_script_engine(settings))
        asyncio.run(measure(server.url, arguments.units, arguments.rounds, arguments.clients))


if __name__ == "__main__":
    main()
