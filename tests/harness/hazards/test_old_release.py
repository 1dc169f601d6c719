"""`compat` tells what breaks the release before from what looks alike, where its statements are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pgharness.catalog.facts import Snapshot
from pgharness.chain.agent import Agent
from pgharness.chain.project import Project, open_project
from pgharness.checks.compat import CHECK
from pgharness.databases import Databases
from pgharness.experiments.experiment import Site
from pgharness.experiments.old_release.experiment import try_old_release
from pgharness.findings import Finding
from pgharness.records.chain_record import ChainRecord
from pgharness.settings import load_settings
from tests.harness.chains import Revision, sql, write_chain
from tests.harness.hazards.base import HAS_ROLES, SCHEMA
from tests.harness.hazards.catalogue import CASES, Case, Side
from tests.harness.hazards.sides import sides, transactions

NOTHING = Snapshot({}, 0)
TRIED = [case for case in CASES if case.other == "compat"]


def revisions() -> Iterator[Revision]:
    """Yield the schema, and upon it each side as a branch of its own."""
    yield Revision("tables", sql(SCHEMA))
    for case in TRIED:
        for name, side in sides(case):
            if side.after:
                yield Revision(f"{name}_0", sql(*side.after), after=("tables",))
            first, *further = transactions(name, side)
            yield first if side.after else replace(first, after=("tables",))
            yield from further


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, agent: Agent, pg_databases: Databases) -> Project:
    """Return the project of all sides."""
    with pg_databases.server.connect() as connection:
        for statement in HAS_ROLES:
            connection.execute(statement)
    chain = write_chain(tmp_path_factory.mktemp("old_release") / "chain", revisions())
    return open_project(load_settings(None, alembic=chain), agent=agent)


def upon(project: Project, case: Case, name: str, side: Side, folder: Path) -> Project:
    """Return the project as if a side were all that is deployed next, upon a release that sends what the side says."""
    sent = folder / f"{name}.sql"
    sent.write_text("".join(f"{statement};\n" for statement in side.old), encoding="utf-8")
    since = f"{name}_0" if side.after else "tables"
    settings = load_settings(
        None, alembic=project.settings.alembic, since=since, statements=sent, app_role=case.role or None
    )
    head = f"{name}_{len(side.transactions)}"
    leading = project.chain.ancestors(head)
    only = tuple(one for one in project.chain.revisions if one.revision in leading)
    return replace(project, settings=settings, chain=replace(project.chain, revisions=only, heads=(head,)))


def told(project: Project, databases: Databases) -> set[str]:
    """Judge what is deployed next, and return the codes of what is found."""
    record = try_old_release(Site(project, databases, NOTHING, None))
    assert (record.unmade, record.failure) == ("", None)
    judged = CHECK.judge(ChainRecord(project.chain, "", (), NOTHING, old_release=record), lambda *_: ())
    return {one.code for one in judged if isinstance(one, Finding)}


@pytest.mark.parametrize("case", TRIED, ids=lambda case: f"{case.number} {case.title}")
def test_what_breaks_the_release_before_is_told_from_its_look_alike(
    case: Case, project: Project, pg_databases: Databases, tmp_path: Path
) -> None:
    bad, good = (told(upon(project, case, name, side, tmp_path), pg_databases) for name, side in sides(case))

    assert bad
    assert good == set()
