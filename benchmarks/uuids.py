"""What decision 3 rests on: keys made by the client or by the server in ORM bulk inserts, and UUIDv7 beside UUIDv4 and bigint.

`python benchmarks/uuids.py [--rounds 5] [--objects 5000] [--rows 1000000]`. Everything runs on one server in one run, in turn. The load has
full_page_writes on and a checkpoint before every 100,000 rows, as a server under steady load has; fsync is off. Trust the ratios.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from psycopg.sql import SQL
from sqlalchemy import Engine, Text, Uuid, create_engine, event, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from flowforge_schema.base import new_id
from pgharness.servers import Connection, open_server
from pgharness.servers.server import THROWAWAY_SETTINGS

CHUNK = 100_000


class Base(DeclarativeBase):
    """Three tables that differ in where their keys come from; like the real ones they read a default back from the server."""

    __mapper_args__: Any = {"eager_defaults": True}  # noqa: RUF012 - SQLAlchemy declares it without ClassVar

    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Marked(Base):
    """As in flowforge_schema: the application makes the key, the server where raw SQL leaves it out."""

    __tablename__ = "marked"
    id: Mapped[UUID] = mapped_column(
        Uuid, primary_key=True, default=new_id, server_default=text("uuidv7()"), insert_sentinel=True
    )


class Unmarked(Base):
    """The same without the mark by which SQLAlchemy knows that it can tell the rows by this key."""

    __tablename__ = "unmarked"
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id, server_default=text("uuidv7()"))


class ServerKeyed(Base):
    """The server alone makes the key."""

    __tablename__ = "server_keyed"
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, server_default=text("uuidv7()"))


@dataclass(slots=True)
class Load:
    """What loading a table cost so far."""

    time_s: float = 0.0
    wal_mib: float = 0.0
    index_mib: float = 0.0


@dataclass(frozen=True, slots=True)
class Key:
    """A kind of key; None where the server draws it."""

    name: str
    column: str
    make: Callable[[], UUID] | None

    @property
    def table(self) -> str:
        """The table that is loaded with such keys."""
        return f"load_{self.name.lower()}"


KEYS = (
    Key("bigint", "bigint GENERATED ALWAYS AS IDENTITY", None),
    Key("UUIDv7", "uuid", new_id),
    Key("UUIDv4", "uuid", uuid4),
)


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--objects", type=int, default=5_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with (
        patch.dict(THROWAWAY_SETTINGS, full_page_writes="on", max_wal_size="4GB"),
        open_server("embedded") as server,
        server.connect() as connection,
    ):
        engine = create_engine(server.url.render("psycopg"))
        compare_defaults(engine, arguments.objects, arguments.rounds)
        engine.dispose()
        compare_loads(connection, arguments.rows)


def compare_defaults(engine: Engine, objects: int, rounds: int) -> None:
    """Print statements and seconds of one flush of many new objects."""
    Base.metadata.create_all(engine)
    titles: dict[type[Base], str] = {
        Marked: "both, as sentinel",
        Unmarked: "both, no sentinel",
        ServerKeyed: "server default alone",
    }
    taken: dict[type[Base], list[float]] = {model: [] for model in titles}
    statements = {}
    for model in titles:
        _flush(engine, model, 10)  # so that no round pays for the first connection
    for _ in range(rounds):
        for model, seconds in taken.items():
            statements[model], taken_s = _flush(engine, model, objects)
            seconds.append(taken_s)
    medians = {model: statistics.median(seconds) for model, seconds in taken.items()}
    for model, title in titles.items():
        ratio = medians[model] / medians[Marked]
        print(
            f"ORM flush of {objects}, {title:>20}: {statements[model]:5} statements, {medians[model]:6.2f} s ({ratio:.1f})"
        )


def _flush(engine: Engine, model: type[Any], objects: int) -> tuple[int, float]:
    sent = 0

    def count(*_: object) -> None:
        nonlocal sent
        sent += 1

    event.listen(engine, "before_cursor_execute", count)
    with Session(engine) as session:
        session.add_all(model(name=f"name {number}") for number in range(objects))
        session.connection()
        sent = 0
        started = time.perf_counter()
        session.flush()
        taken_s = time.perf_counter() - started
    event.remove(engine, "before_cursor_execute", count)
    return sent, taken_s


def compare_loads(connection: Connection, rows: int) -> None:
    """Print seconds, WAL and the size of the index for each kind of key, and the ratios to UUIDv7."""
    for key in KEYS:
        _execute(connection, f"CREATE TABLE {key.table} (id {key.column} PRIMARY KEY, name text NOT NULL)")
    loads = {key: Load() for key in KEYS}
    for _ in range(rows // CHUNK):  # in turn, so that a busy moment of the machine hits all alike
        for key, load in loads.items():
            _load_chunk(connection, key, load)
    base = loads[KEYS[1]]
    for key, load in loads.items():
        load.index_mib = _value(connection, f"SELECT pg_relation_size('{key.table}_pkey')") / 2**20
    for key, load in loads.items():
        print(
            f"load of {rows}, {key.name}: {load.time_s:5.1f} s ({load.time_s / base.time_s:.2f}),"
            f" WAL {load.wal_mib:5.0f} MiB ({load.wal_mib / base.wal_mib:.2f}),"
            f" index {load.index_mib:4.0f} MiB ({load.index_mib / base.index_mib:.2f})"
        )


def _load_chunk(connection: Connection, key: Key, load: Load) -> None:
    # Made beforehand: what counts is what the server has to do with them.
    lines = "".join(f"{key.make()}\tsome name\n" if key.make else "some name\n" for _ in range(CHUNK))
    _execute(connection, "CHECKPOINT")
    before = _value(connection, "SELECT pg_current_wal_insert_lsn()")
    started = time.perf_counter()
    with connection.cursor().copy(SQL(f"COPY {key.table} ({'id, name' if key.make else 'name'}) FROM STDIN")) as copy:
        copy.write(lines)
    load.time_s += time.perf_counter() - started
    written = _value(connection, f"SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{before}')")
    load.wal_mib += float(written) / 2**20


def _execute(connection: Connection, statement: str) -> None:
    connection.execute(SQL(statement))


def _value(connection: Connection, query: str) -> Any:
    row = connection.execute(SQL(query)).fetchone()
    assert row is not None
    return row[0]


if __name__ == "__main__":
    main()
