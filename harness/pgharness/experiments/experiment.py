"""What an experiment is: a name, and a function from the site to a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pgharness.catalog.facts import Snapshot
from pgharness.chain.project import Project
from pgharness.databases import Database, Databases
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

    @property
    def settings(self) -> Settings:
        """The run's settings."""
        return self.project.settings


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment; `name` is the field of the chain's record that takes what `run` gives, None where it cannot be made."""

    name: str
    run: Callable[[Site], Any]
