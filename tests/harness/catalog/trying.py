"""Tries a drift on a server: the catalog without and with it, what pg_dump says, what a script and a mend make of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql

from pgharness.catalog.diff import Difference, difference
from pgharness.catalog.facts import Snapshot
from pgharness.catalog.incremental_reader import Reader
from pgharness.catalog.proposing import Mend, mend
from pgharness.catalog.script import render_sql
from pgharness.catalog.snapshot import take_snapshot
from pgharness.databases import Database
from pgharness.servers import Connection
from tests.harness.catalog.drifting import BASE, Drift
from tests.harness.catalog.serving import Major


@dataclass
class Bench:
    """A server's base database, its catalog and its dump, and an empty database to write to."""

    major: Major
    trials: dict[str, Trial] = field(default_factory=dict)

    @cached_property
    def base(self) -> Database:
        """The database that every drift begins from; never changed for good."""
        database = self.major.databases.create_empty("base")
        with database.connect() as connection:
            connection.execute(BASE)
        return database

    @cached_property
    def snapshot(self) -> Snapshot:
        """The base's catalog."""
        with self.base.connect() as connection:
            return take_snapshot(connection)

    @cached_property
    def dump(self) -> str:
        """The base's dump."""
        return self.major.dump(self.base)

    @cached_property
    def scratch(self) -> Database:
        """An empty database, to which scripts are written and taken back."""
        return self.major.databases.create_empty("scratch")

    def trial(self, drift: Drift) -> Trial:
        """Return the drift's trial; the last ones are remembered, for tests about one drift come together."""
        if drift.name not in self.trials:
            while len(self.trials) > 2:
                self.trials.pop(next(iter(self.trials)))
            self.trials[drift.name] = Trial(self, drift)
        return self.trials[drift.name]


@dataclass
class Trial:
    """One drift on one server. Whatever needs no second session is done in a transaction and taken back."""

    bench: Bench
    drift: Drift

    @cached_property
    def sides(self) -> tuple[Snapshot, Snapshot]:
        """The catalog with the drift, and the one without it."""
        with taken_back(self.bench.base) as (_, connection):
            return self._drifted(connection)

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """What the comparison says: left has the drift, right has it not."""
        return difference(*self.sides)

    @cached_property
    def dumps(self) -> tuple[str, str]:
        """What pg_dump prints with the drift, and without it."""
        database = self.bench.major.databases.clone(self.bench.base)
        try:
            without = self.bench.dump
            if self.drift.given:
                with database.connect() as connection:
                    connection.execute(self.drift.given.encode())
                without = self.bench.major.dump(database)
            with database.connect() as connection:
                connection.execute(self.drift.change.encode())
            return self.bench.major.dump(database), without
        finally:
            self.bench.major.databases.drop(database)

    def written(self) -> Snapshot:
        """Return the catalog that the script of the drifted one makes in an empty database."""
        return written(self.bench, self.sides[0])

    def mended(self) -> tuple[Sequence[Mend], Snapshot]:
        """Return what is proposed to mend the drift, and the catalog of the drifted database after doing it."""
        with taken_back(self.bench.base) as (alembic, connection):
            left, right = self._drifted(connection)
            mends = mend(left, right)
            for one in mends:
                run_operations(alembic, one.operations)
            return mends, take_snapshot(connection)

    def read_again(self) -> tuple[Snapshot, Snapshot]:
        """Return the catalog with the drift, read in pieces after a reading without it; and read at once."""
        with taken_back(self.bench.base) as (_, connection):
            connection.execute(self.drift.given.encode() or b"SELECT")
            reader = Reader(connection)
            reader.read_first()
            connection.execute(self.drift.change.encode())
            in_pieces = reader.read() if reader.has_missed_nothing() else Reader(connection).read()
            return in_pieces, take_snapshot(connection)

    def _drifted(self, connection: Connection) -> tuple[Snapshot, Snapshot]:
        without = self.bench.snapshot
        if self.drift.given:
            connection.execute(self.drift.given.encode())
            without = take_snapshot(connection)
        connection.execute(self.drift.change.encode())
        return take_snapshot(connection), without


def written(bench: Bench, snapshot: Snapshot) -> Snapshot:
    """Return the catalog that a snapshot's script makes in an empty database."""
    with taken_back(bench.scratch) as (_, connection):
        connection.execute(render_sql(snapshot).encode())
        return take_snapshot(connection)


def run_operations(alembic: sa.Connection, operations: Sequence[str]) -> None:
    """Run operations as the body of an upgrade() would, on a connection of SQLAlchemy's."""
    context = MigrationContext.configure(alembic)
    # Nothing is committed, so that all can be taken back.
    context.autocommit_block = contextlib.nullcontext  # type: ignore[assignment, method-assign]
    names = {"op": Operations(context), "sa": sa, "postgresql": postgresql}
    for operation in operations:
        exec(operation, names)  # noqa: S102 - the text of a revision is what is being tested


@contextmanager
def taken_back(database: Database) -> Iterator[tuple[sa.Connection, Connection]]:
    """Open a transaction that is rolled back, as SQLAlchemy's connection and as the driver's own."""
    engine = sa.create_engine(database.url, poolclass=sa.NullPool)
    with engine.connect() as alembic:
        connection = alembic.connection.driver_connection
        assert connection is not None
        alembic.execute(sa.text("SELECT 1"))
        yield alembic, connection
        alembic.rollback()
