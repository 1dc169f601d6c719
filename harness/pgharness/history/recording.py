"""Makes a chain's whole record: the walk, and beside it the experiments that the wanted checks need."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from pgharness.databases import Databases, Outside
from pgharness.history.chain import open_scripts, read_chain
from pgharness.history.drafts import draft_chain, pending_operations
from pgharness.history.environment import Environment
from pgharness.history.models import build_models, load_metadata
from pgharness.history.queries import explain_queries
from pgharness.history.steps import describe
from pgharness.history.structure import try_structure
from pgharness.history.walk import Walk, WalkRecord
from pgharness.records.chain_record import ChainRecord
from pgharness.records.experiments import QueriesRecord
from pgharness.records.revisions import Chain
from pgharness.records.steps import Failure
from pgharness.settings import HarnessSettings

Advance = Callable[[str], None]


class Experiment(StrEnum):
    """What can be tried beside the upgrades themselves."""

    ROUNDTRIPS = "roundtrips"
    MODELS = "models"
    DRAFT = "draft"
    STRUCTURE = "structure"
    QUERIES = "queries"


@dataclass(frozen=True, slots=True)
class Project:
    """A project's chain, read without a database."""

    config: Config
    scripts: ScriptDirectory
    chain: Chain


def open_project(settings: HarnessSettings) -> Project:
    """Read the chain that the settings name. Raises CannotRun."""
    config, scripts = open_scripts(settings.alembic)
    return Project(config, scripts, read_chain(scripts))


def record_chain(
    project: Project,
    settings: HarnessSettings,
    databases: Databases,
    experiments: frozenset[Experiment],
    advance: Advance = lambda _label: None,
) -> ChainRecord:
    """Walk the chain and make the experiments; `advance` is called with the name of what has just been done.

    Experiments at the heads are left out (their records are None) where the walk does not get there, and those on models
    where neither the settings nor env.py name any.
    """
    named = load_metadata(settings.metadata) if settings.metadata else None
    statements = settings.statements if Experiment.QUERIES in experiments else None
    visit = _Visit(project, databases, Experiment.DRAFT in experiments, named, statements)
    before = databases.outside()
    clock = _Clock()
    walked = Walk(
        project.config,
        project.scripts,
        project.chain,
        databases,
        settings,
        roundtrips=Experiment.ROUNDTRIPS in experiments,
        at_heads=visit.at_heads,
        advance=advance,
    ).run()
    durations_s = _walk_durations(walked, clock.lap())
    record = ChainRecord(
        project.chain,
        walked.version_table,
        walked.revisions,
        walked.base,
        walked.descent,
        queries=visit.queries,
    )
    head = record.head
    with databases.outside_undone(visit.outside.since(before).roles):
        if head is not None and Experiment.MODELS in experiments and visit.metadata:
            record = replace(record, models=build_models(databases, visit.metadata, head))
            durations_s[Experiment.MODELS] = clock.lap()
            advance("models")
        if head is not None and visit.pending is not None:
            draft = draft_chain(databases, settings, head, visit.pending)
            record = replace(record, draft=replace(draft, comparison_failure=visit.comparison_failure))
            durations_s[Experiment.DRAFT] = clock.lap()
            advance("draft")
        if head is not None and Experiment.STRUCTURE in experiments and settings.structure is not None:
            record = replace(record, structure=try_structure(databases, settings.structure, head))
            durations_s[Experiment.STRUCTURE] = clock.lap()
            advance("structure")
    left = Outside() if databases.server.is_ours else databases.outside().since(before)
    return replace(record, durations_s=durations_s, left_outside=left.in_words())


def _walk_durations(walked: WalkRecord, total_s: float) -> dict[str, float]:
    """Tell the round trips' part of the walk from the upgrades'."""
    back_and_forth = [
        step for item in walked.revisions for step in (item.downgrade, item.reupgrade) if step is not None
    ]
    roundtrips_s = sum(step.duration_s for step in back_and_forth)
    return {"upgrade": total_s - roundtrips_s, Experiment.ROUNDTRIPS: roundtrips_s}


@dataclass(slots=True)
class _Clock:
    """A stop watch."""

    started: float = field(default_factory=time.perf_counter)

    def lap(self) -> float:
        """Give the seconds since the last lap."""
        before, self.started = self.started, time.perf_counter()
        return self.started - before


@dataclass(slots=True)
class _Visit:
    """What is asked of env.py while the database stands at the heads."""

    project: Project
    databases: Databases
    wants_draft: bool
    named: MetaData | None
    statements: Path | None
    metadata: tuple[MetaData, ...] = field(default=())
    pending: tuple[str, ...] | None = None
    comparison_failure: Failure | None = None
    queries: QueriesRecord | None = None
    outside: Outside = field(default_factory=Outside)

    def at_heads(self, environment: Environment, observer: psycopg.Connection) -> None:
        self.outside = self.databases.outside()
        self.metadata = (self.named,) if self.named is not None else environment.target_metadata
        if self.wants_draft and environment.target_metadata:
            try:
                self.pending = pending_operations(self.project.config, self.project.scripts, environment)
            except Exception as error:  # noqa: BLE001 - the comparison calls env.py's own functions, and may fail itself
                environment.connection.rollback()
                self.pending, self.comparison_failure = (), describe(error)
        if self.statements is not None:
            self.queries = explain_queries(observer, self.statements)
