"""The trace tells each dangerous migration of the catalogue from the one that looks alike, on the server, by what it does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from pgharness.chain.conversation import Conversation, converse
from pgharness.chain.messages import STAMP, UP
from pgharness.chain.project import open_project
from pgharness.databases import Databases
from pgharness.servers import Connection
from pgharness.settings import load_settings
from pgharness.trace.hazards import FINDINGS, HAZARDS
from pgharness.trace.meeting import hazards_in
from pgharness.trace.watch import TraceWatch
from tests.harness.chains import ENV, Revision, sql, write_chain
from tests.harness.hazards.base import DROPPED_AT_LAST, DROPPED_ELSEWHERE, EMPTY, ONCE, SCHEMA
from tests.harness.hazards.catalogue import CASES, Case
from tests.harness.hazards.more import MORE
from tests.harness.hazards.page import page
from tests.harness.hazards.sides import code, major_of, sides, transactions

PAGE = Path(__file__).parents[3] / "docs" / "hazards.md"
FOUND = {hazard.id for hazard in FINDINGS}
VERSION_TABLE_ELSEWHERE = ENV.replace("connection=connection", "connection=connection, version_table_schema='kept'")
CAN_BE_RUN = [*(case for case in CASES if not case.other), *MORE]


@dataclass
class Outcome:
    """What one side came to: the hazards of its traces, and the SQLSTATE with which it failed, or nothing."""

    hazards: set[str] = field(default_factory=set)
    sqlstate: str | None = None


def revisions(cases: Iterable[Case]) -> Iterator[Revision]:
    """Yield all sides as one chain: before each the schema anew, then its transactions, each a revision."""
    yield Revision("once", "\n".join(map(code, ONCE)))
    for case in cases:
        for name, side in sides(case):
            yield Revision(f"{name}_0", sql(EMPTY, SCHEMA, *side.after))
            yield from transactions(name, side)


def outcomes(conversation: Conversation, observer: Connection, cases: Iterable[Case]) -> dict[str, Outcome]:
    """Run all of them one after the other, passing over those that fail."""
    watch = TraceWatch(observer, conversation.backend, (conversation.version_table,))
    found: dict[str, Outcome] = {}
    for revision in revisions(cases):
        (step,) = conversation.steps([(revision.slug, UP)], apart=True, watches=[watch])
        trace = watch.take()
        if step.failure is not None:
            list(conversation.steps([(revision.slug, STAMP)], apart=True))
        name, _, number = revision.slug.rpartition("_")
        if number == "0":
            assert step.failure is None, (revision, step.failure)
        elif name:
            outcome = found.setdefault(name, Outcome())
            outcome.hazards |= {one.hazard.id for one in hazards_in(trace)}
            if step.failure is not None:
                outcome.sqlstate = step.failure.sqlstate
    return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, pg_databases: Databases) -> Iterator[dict[str, Outcome]]:
    """Run the whole catalogue once, as the server's version has it."""
    cases = [case for one in CAN_BE_RUN if (case := one.on(major_of(pg_databases))) is not None]
    chain = write_chain(tmp_path_factory.mktemp("hazards") / "chain", revisions(cases), VERSION_TABLE_ELSEWHERE)
    project = open_project(load_settings(None, alembic=chain))
    with (
        project.runs.agent,
        _outside(pg_databases),
        pg_databases.experiment("hazards") as database,
        database.connect() as observer,
    ):
        observer.execute("CREATE SCHEMA kept")  # since that of the cases is made anew for each
        with converse(project, database) as conversation:
            yield outcomes(conversation, observer, cases)


@contextlib.contextmanager
def _outside(databases: Databases) -> Iterator[None]:
    """Drop at last what the cases make for the whole server; with pytest-xdist the last process does."""
    yield
    with databases.server.connect() as connection:
        for statement in (*DROPPED_AT_LAST, *(() if databases.server.is_ours else DROPPED_ELSEWHERE)):
            with contextlib.suppress(
                psycopg.errors.DependentObjectsStillExist, psycopg.errors.ObjectNotInPrerequisiteState
            ):
                connection.execute(statement)


@pytest.mark.parametrize("case", CAN_BE_RUN, ids=lambda case: f"{case.number} {case.title}")
def test_the_dangerous_one_is_told_from_its_look_alike(case: Case, ran: dict[str, Outcome]) -> None:
    if f"{case.number}_bad" not in ran:
        pytest.skip(f"PostgreSQL {case.new_in} has it first")
    bad, good = ran[f"{case.number}_bad"], ran[f"{case.number}_good"]

    if case.passes:
        assert (bad.hazards | good.hazards) & FOUND == set()
    elif case.sqlstate:
        assert (bad.sqlstate, good.sqlstate) == (case.sqlstate, None)
    else:
        assert (bad.sqlstate, good.sqlstate) == (None, None)
        assert (case.hazard in bad.hazards, case.hazard in good.hazards) == (True, False), (bad, good)


def test_the_page_of_hazards_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.harness.hazards.page > docs/hazards.md"


def test_each_finding_has_a_code_and_what_to_type() -> None:
    assert {hazard.id for hazard in HAZARDS if hazard.code} == FOUND
    assert {hazard.id for hazard in FINDINGS if hazard.fix is None} == {"no-lock-timeout", "held-by-earlier"}
