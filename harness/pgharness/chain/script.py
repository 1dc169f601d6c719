"""Lets the project write its chain as SQL, `alembic upgrade --sql`, env.py as it is."""

from __future__ import annotations

from dataclasses import dataclass

from pgharness.chain.child import ProcessEnded
from pgharness.chain.messages import failure_of
from pgharness.chain.project import Project
from pgharness.databases import Database
from pgharness.records.steps import Failure


@dataclass(frozen=True, slots=True)
class Script:
    """A script in parts, each with its revision (None: before the first); or why, and at which revision, it broke off."""

    parts: tuple[tuple[str | None, str], ...]
    failure: Failure | None = None
    revision: str | None = None


def write_sql(project: Project, database: Database, start: str = "") -> Script:
    """Write all that leads to the heads, from a revision on where `start` is one; the database is the one that env.py's URL names, and nothing is sent there. Raises CannotRun."""
    targets = project.chain.targets or ("heads",)
    ranges = tuple(f"{start}:{one}" for one in targets) if start else project.chain.targets
    task = project.task("write_sql", database, targets=ranges)
    try:
        with project.runs.child(task) as child:
            told = child.receive("written")
            child.receive("end")
    except ProcessEnded as ended:
        return Script((), ended.as_failure())
    parts = tuple((one["revision"], one["sql"]) for one in told["parts"])
    return Script(parts, failure_of(told["failure"]), told["revision"])
