"""Brings one database to the chain's heads through the project's env.py, as a deployment does."""

from __future__ import annotations

from pgharness.databases import Database
from pgharness.findings import CannotRun
from pgharness.history.environment import Environment, run_environment
from pgharness.history.recording import Project
from pgharness.history.steps import Direction, run_step
from pgharness.history.walk import run_baseline
from pgharness.settings import HarnessSettings


def upgrade_to_heads(project: Project, settings: HarnessSettings, database: Database) -> None:
    """Run the whole chain on a database. Raises CannotRun, naming the revision that fails."""

    def body(environment: Environment) -> None:
        for revision in project.chain.revisions:
            step = run_step(environment, project.scripts, revision, Direction.UP)
            if step.failure is not None:
                raise CannotRun(
                    f"The chain does not upgrade: revision {revision.label} fails.",
                    seen=f"{step.failure.error}: {step.failure.message.splitlines()[0]}",
                    mend=f"correct {revision.path}; pgharness check says more",
                )

    if settings.baseline is not None:
        run_baseline(database, settings)
    run_environment(project.config, project.scripts, database, settings.environment, body)
