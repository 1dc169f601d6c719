"""What an experiment is: a name, and a function from the site to a record."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pgharness.catalog.facts import Snapshot
from pgharness.catalog.rereading import in_the_words_of
from pgharness.chain.project import Project
from pgharness.databases import Database, Databases
from pgharness.records.chain_record import ChainRecord
from pgharness.rows import Words
from pgharness.servers import Connection
from pgharness.settings import Settings


@dataclass(frozen=True, slots=True)
class Site:
    """Where experiments are made: the project, the databases, the catalog at the heads, and a database that stands there.

    Nobody else is connected to `at_heads`. It is None where no second database can be brought there, because the chain has left on
    a given server what it cannot make once more.
    """

    project: Project
    databases: Databases
    head: Snapshot
    at_heads: Database | None
    learned: Words = field(default_factory=dict)
    """What columns of texts are to hold, as far as the walk has learned it before."""

    @property
    def words(self) -> Words:
        """What columns of texts are to hold, given by the settings or learned."""
        return {**self.learned, **self.settings.words}

    @property
    def settings(self) -> Settings:
        """The run's settings."""
        return self.project.settings

    def in_words_of_head(self, snapshot: Snapshot) -> Snapshot:
        """Return a snapshot that tells as the heads do what the server reads as the same."""
        return in_the_words_of(self.head, snapshot, lambda: empty_database(self.databases))


@contextlib.contextmanager
def empty_database(databases: Databases) -> Iterator[Connection]:
    """Yield a session on an empty database that goes with it."""
    with databases.experiment("reread") as database, database.connect() as connection:
        yield connection


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment; `name` is the field of the chain's record that takes what `run` gives, None where it cannot be made.

    One that `upgrades` runs revisions on databases of its own: it waits until no other one stands where the chain makes what belongs to the
    whole server.
    """

    name: str
    run: Callable[[Site], Any]
    upgrades: bool = False


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One experiment that goes by what the walk has seen, and so is made after it; `name` as for an `Experiment`."""

    name: str
    run: Callable[[Site, ChainRecord], Any]
