"""Brings one database to a revision, or to the chain's heads, through the project's env.py."""

from __future__ import annotations

from collections.abc import Callable, Collection

from pgharness.chain.baseline import given_revisions, run_baseline
from pgharness.chain.conversation import converse
from pgharness.chain.messages import UP
from pgharness.chain.project import Project
from pgharness.databases import Database
from pgharness.findings import CannotRun, ChainFails


def upgrade_to(
    project: Project,
    database: Database,
    applied: Collection[str] | None = None,
    after_step: Callable[[str], None] = lambda _table: None,
    *,
    apart: bool = False,
) -> str:
    """Run these revisions (None: the whole chain) on an empty database, and return the name of the version table.

    They hold, with each revision, all that come before it (`Chain.ancestors`). It is done as one `alembic upgrade` would, or `apart`,
    as one for each revision; those that the baseline has already are not run. `after_step` is called after each revision with the name of the version table. Raises ChainFails, naming
    the revision that fails, and CannotRun.
    """
    wanted = [item for item in project.chain.revisions if applied is None or item.revision in applied]
    run_baseline(database, project.settings)
    with converse(project, database) as conversation:
        given = _given(project, database, conversation.version_table)
        if given > len(wanted):
            raise CannotRun(
                f"The baseline has more revisions than are wanted: it begins at {project.chain.revisions[given - 1].label}.",
                seen=f"{given} of the chain's revisions, where {len(wanted)} are wanted",
                mend="take the baseline of an earlier database",
            )
        for _ in range(given):
            after_step(conversation.version_table)
        wanted = wanted[given:]
        steps = conversation.steps([(item.revision, UP) for item in wanted], apart=apart)
        for step, item in zip(steps, wanted, strict=False):  # a failure ends the steps
            if step.failure is not None:
                raise ChainFails(
                    f"The chain does not upgrade: revision {item.label} fails.",
                    seen=f"{step.failure.error}: {step.failure.message.splitlines()[0]}",
                    mend=f"correct {item.path}; pgharness check says more",
                )
            after_step(conversation.version_table)
        return conversation.version_table


def _given(project: Project, database: Database, version_table: str) -> int:
    """Return how many revisions the baseline has, where there is one."""
    if project.settings.baseline is None:
        return 0
    with database.connect() as observer:
        return given_revisions(observer, version_table, project.chain)
