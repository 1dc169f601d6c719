"""Brings a database to the place where a walk goes on: what stands before all revisions, those that env.py deploys, and the others one by one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pgharness.chain.baseline import run_baseline
from pgharness.chain.conversation import converse
from pgharness.chain.course import tips
from pgharness.chain.deployment import deploy
from pgharness.chain.project import Project
from pgharness.databases import Database, Databases
from pgharness.findings import CannotRun
from pgharness.walk.position import Position
from pgharness.walk.stretch import steps_on_the_way


@dataclass(slots=True)
class Arriving:
    """The way along one chain; the walk adds to `passed_over` the revisions that fail every way."""

    project: Project
    databases: Databases
    passed_over: Collection[str]
    given: int = 0
    """How many of the first revisions the baseline has already."""

    def comes_to(self, position: Position, database: Database, count: int) -> bool:
        """Bring a database with so many revisions to a position, and say whether it arrives."""
        if not self.is_prepared(position, database, count):
            return False
        on_the_way = self.project.chain.revisions[max(count, position.deployed) : position.index]
        with converse(self.project, database) as conversation:
            steps = steps_on_the_way(conversation, on_the_way, self.passed_over, together=position.together)
            return all(step.failure is None for step in steps)

    def is_prepared(self, position: Position, database: Database, count: int) -> bool:
        """Give a new database what stands before all revisions and what env.py is to deploy; one with `count` revisions has that."""
        if count:
            return True
        run_baseline(database, self.project.settings)
        return self._is_deployed(database, position.deployed)

    def is_deployed_by_itself(self, position: Position) -> bool:
        """Whether env.py deploys a revision where those before it were deployed earlier, so that its failure was the walk's."""
        with self.databases.experiment("by_itself") as database:
            run_baseline(database, self.project.settings)
            return all(self._is_deployed(database, count) for count in (position.index, position.index + 1))

    def _is_deployed(self, database: Database, count: int) -> bool:
        """Bring a new database past the first revisions as env.py deploys them; say whether it is there."""
        wanted = tuple(item.revision for item in self.project.chain.revisions[:count])
        if count <= self.given:
            return True
        targets = tuple(item.revision for item in tips(self.project.chain, frozenset(wanted)))
        try:
            deployment = deploy(self.project, database, targets)
        except CannotRun:
            return False
        return deployment.failure is None and deployment.has_applied(self.project.chain, targets)
