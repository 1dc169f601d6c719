"""Runs the wanted checks from a server's start to a report."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from pgharness.chain.agent import Agent
from pgharness.chain.course import deployed_at
from pgharness.chain.interpreter import choose_interpreter
from pgharness.chain.previous import require_previous
from pgharness.chain.project import Project, open_project
from pgharness.checks.check import Check, Claim
from pgharness.databases import Databases
from pgharness.findings import CannotRun
from pgharness.judging.judging import judge, needed_experiments, wanted_checks, wanted_claims
from pgharness.judging.registry import known_checks
from pgharness.judging.rules import read_rules
from pgharness.plans import read_statement_file
from pgharness.profile import read_profile
from pgharness.recording import experiment_names, record_chain, steps_of
from pgharness.records.chain_record import ChainRecord
from pgharness.report.model import Report, ServerFacts
from pgharness.servers import Server, open_server, open_system_server
from pgharness.settings import Settings, nearest
from pgharness.trace.between import met_between
from pgharness.walk.lacking import LackOfServerError

Advance = Callable[[str], None]
# A setting that cannot be used is found within this time.
EARLY_S = 0.02


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: the report for people, and the record that it was judged from."""

    report: Report
    record: ChainRecord


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is going to do, known before any server is started."""

    settings: Settings
    project: Project
    known: tuple[Check, ...]
    """All checks that there are, ours and those that were added."""
    checks: tuple[Check, ...]
    """Those that are wanted."""
    experiments: frozenset[str]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What the report will have a verdict about."""
        return wanted_claims(self.checks)

    @property
    def steps(self) -> int:
        """How many times a run tells its progress."""
        return steps_of(self.project, self.experiments)


def plan_run(settings: Settings, project: Project | None = None, *, agent: Agent | None = None) -> Plan:
    """Read the chain, unless it is read already, and choose the checks. Raises CannotRun for what can be known without a server."""
    known = known_checks(settings.checks, settings.folder)
    for check in known:
        _require_experiments(check)
    checks = wanted_checks(settings.only, settings.skip, known)
    _require_file(settings.baseline, "baseline file", "--baseline")
    _require_file(settings.statements, "file of statements", "--statements")
    if settings.statements is not None:
        read_statement_file(settings.statements)
    if settings.profile is not None:
        read_profile(settings.profile)
    require_previous(settings)
    project = project or open_project(settings, agent=agent)
    if settings.since is not None:
        settings = settings.model_copy(update={"since": deployed_at(project.chain, settings.since)})
        project = replace(project, settings=settings)
    return Plan(settings, project, known, checks, needed_experiments(checks))


def check_chain(settings: Settings) -> Report:
    """Return what the wanted checks find of the chain that the settings name, on a server that is started for it if need be.

    Raises CannotRun.
    """
    return run_checks(settings).report


def run_checks(settings: Settings, begin: Callable[[Plan], Advance] = lambda _plan: lambda _label: None) -> Run:
    """Read the chain while a server starts, and run the checks on it; `begin` gets the plan and gives what tells of progress.

    Raises CannotRun.
    """
    started = time.perf_counter()
    agent = Agent(choose_interpreter(settings.python, settings.alembic))
    # The agent is closed before the thread is waited for: what reads the chain in it may be anybody's endless import.
    with ThreadPoolExecutor(1) as executor, agent:
        planning = executor.submit(plan_run, settings, agent=agent)
        with contextlib.suppress(TimeoutError):
            planning.exception(EARLY_S)  # what is wrong with the settings is known before any server could start
        if planning.done():
            planning.result()
        with open_server(settings.server, image=settings.image) as server:
            plan = planning.result()
            with contextlib.closing(plan.project.runs):
                return _run_on_chosen(server, plan, begin(plan), started)


def _run_on_chosen(server: Server, plan: Plan, advance: Advance, started: float) -> Run:
    """Run on the server, or where nobody asked for it and it lacks what the chain wants, on the system's own."""
    try:
        return run_on(server, plan, advance, started=started)
    except LackOfServerError as lack:
        if plan.settings.server != "auto" or server.kind != "embedded":
            raise
        return _run_on_systems(lack, plan, advance, started)


def _run_on_systems(lack: LackOfServerError, plan: Plan, advance: Advance, started: float) -> Run:
    """Run on the PostgreSQL that the system has; where there is none, or it is too old for the chain, the lack is told."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(open_system_server(f"the embedded server lacks it: {lack.seen}"))
        except CannotRun:
            raise lack from None
        run = run_on(server, plan, advance, started=started)
    if any(item.upgrade.failure is not None for item in run.record.revisions):
        raise lack
    return run


def run_on(server: Server, plan: Plan, advance: Advance = lambda _label: None, *, started: float) -> Run:
    """Run the plan on a server that runs; `started` is when somebody began to start it (time.perf_counter)."""
    server_s = time.perf_counter() - started
    with _told_if_gone(server), Databases(server) as databases:
        record = record_chain(plan.project, databases, plan.experiments, advance)
    results = judge(record, plan.checks, read_rules(plan.settings, datetime.now(tz=UTC).date()), plan.known)
    facts = ServerFacts(server.kind, server.version, server.description, server.reason)
    duration_s = time.perf_counter() - started
    source = str(plan.settings.alembic)
    since = plan.settings.since
    deployed = record.chain.ancestors(since) if since is not None else frozenset()
    report = Report(
        facts,
        record.chain,
        record.reached,
        results,
        server_s,
        duration_s,
        source,
        record.revisions,
        record.traffic,
        since,
        met_between(record.revisions, record.deployment, deployed),
    )
    return Run(report, record)


@contextmanager
def _told_if_gone(server: Server) -> Iterator[None]:
    """Distinguish a server that went away from the errors of code that uses it, whichever driver raises them."""
    try:
        yield
    except Exception as error:
        try:
            server.connect(connect_timeout=3).close()
        except psycopg.OperationalError as silence:
            raise CannotRun(
                "Lost the connection to the server during the run.",
                seen=f"no connection to {server.description}: {' '.join(str(silence).split())}",
                mend="run again; if it stays, a statement ends the server: its log says which",
            ) from error
        raise


def _require_experiments(check: Check) -> None:
    """Refuse a check that asks for an experiment that nobody makes, and so would judge without it."""
    names = experiment_names()
    for asked in sorted((check.needs | check.uses) - names):
        raise CannotRun(
            f"The check {check.name} needs an experiment that there is not.",
            seen=f"it asks for {asked!r}; there are {', '.join(sorted(names))}",
            mend=f"correct needs and uses of the Check{nearest(asked, names)}",
        )


def _require_file(path: Path | None, what: str, option: str) -> None:
    if path is not None and not path.is_file():
        raise CannotRun(
            f"{what.capitalize()} {path} not found.",
            seen=f"looked for {path.absolute()}",
            mend=f"name a file of SQL: {option} PATH",
        )
