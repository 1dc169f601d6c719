"""A project's chain, read by its own Alembic without a database, and the agent that can run it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pgharness.chain.agent import Agent
from pgharness.chain.interpreter import choose_interpreter, is_own
from pgharness.chain.messages import Task, chain_of
from pgharness.chain.runs import ProjectRuns
from pgharness.databases import Database
from pgharness.records.revisions import Chain
from pgharness.servers import STATEMENT_LIMIT
from pgharness.settings import Settings

# What a shell may say of its own servers, and ours does not know.
CLEARED = ("PGCHANNELBINDING", "PGREQUIREAUTH", "PGSERVICE", "PGSSLMODE", "PGTARGETSESSIONATTRS")


@dataclass(frozen=True, slots=True)
class Project:
    """A project: its settings, its chain, and what runs its code; `folders` hold env.py and the revisions."""

    settings: Settings
    runs: ProjectRuns
    chain: Chain
    env_py: str
    folders: tuple[Path, ...]
    version_locations: tuple[str, ...] = ()
    """The folders of revisions, where env.py chooses them while it runs."""

    def task(
        self,
        task: Literal["deploy", "write_sql", "converse"],
        database: Database,
        *,
        versions_folder: str = "",
        hand_over: bool = False,
        targets: tuple[str, ...] = (),
        forced: Mapping[str, bool] = MappingProxyType({}),
    ) -> Task:
        """Return what a child has to know to do something with a database."""
        location = database.project_location
        parts = {
            "host": location.host or "",
            "port": str(location.port or ""),
            "user": location.user or "",
            "password": location.password or "",
            "database": database.name,
        }
        return replace(
            _task(self.settings, self.runs.agent.python),
            task=task,
            parts=parts,
            cleared=() if location == database.location else CLEARED,
            rest_of_url=location.render().partition("://")[2],
            versions_folder=versions_folder,
            hand_over=hand_over,
            version_locations=self.version_locations,
            targets=targets,
            forced=dict(forced),
        )

    def fingerprint(self) -> str:
        """Return a hash of all files and settings that can change what the chain gives."""
        settings = self.settings
        files = {
            file for folder in self.folders for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"
        }
        files |= {file for file in (settings.alembic, settings.baseline) if file is not None and file.is_file()}
        said = (
            sorted(settings.environment.items()),
            settings.section,
            settings.x,
            settings.driver,
            self.runs.agent.versions,
        )
        digest = hashlib.sha256(repr(said).encode())
        for file in sorted(files):
            with contextlib.suppress(FileNotFoundError):  # one that somebody else has written meanwhile, and taken away
                digest.update(f"{file}\0".encode() + file.read_bytes() + b"\0")
        return digest.hexdigest()


def open_project(settings: Settings, *, agent: Agent | None = None, own_first: bool = False) -> Project:
    """Read the chain that the settings name, by an agent in the project's interpreter, which is started if none is given.

    Raises CannotRun.
    """
    python = choose_interpreter(settings.python, settings.alembic, own_first=own_first)
    runs = ProjectRuns(agent if agent is not None and agent.python == python else Agent(python))
    told = runs.read(_task(settings, python), leaves_nursery=bool(settings.metadata) and not settings.environment)
    folders = tuple(dict.fromkeys(Path(folder) for folder in told["folders"]))
    return Project(settings, runs, chain_of(told), told["env_py"], folders, tuple(told["version_locations"]))


def _task(settings: Settings, python: Path) -> Task:
    return Task(
        task="read",
        output="",
        ini=str(settings.alembic),
        folder=str(Path.cwd()),
        section=settings.section,
        x=settings.x,
        paths=_own_paths(python),
        environment=dict(os.environ),
        limits={"PGOPTIONS": os.environ.get("PGOPTIONS", STATEMENT_LIMIT)},
        variables=settings.environment,
        driver=settings.driver or "",
        metadata=settings.metadata or "",
        heads=settings.heads,
        make_config=settings.make_config or "",
        settings_folder=str(settings.folder),
    )


def _own_paths(python: Path) -> tuple[str, ...]:
    """Return what is on our own path, for an agent in our own interpreter: pytest and its settings may have added to it."""
    return tuple(sys.path) if is_own(python) else ()
