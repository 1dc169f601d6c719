"""What `locks` says of a constraint whose rows are looked through, typed in with its downgrades and the line of env.py, leaves no finding."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pgharness.chain.agent import Agent
from pgharness.findings import Finding
from pgharness.report.fix_parts import parts_of
from pgharness.servers import Server
from pgharness.settings import load_settings
from tests.harness.chains import Revision, sql, write_chain
from tests.harness.runs import run_with, told

ENV = """\
from alembic import context
from sqlalchemy import MetaData, create_engine

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(
        connection=connection,  # the one of all revisions
        target_metadata=None,
    )
    with context.begin_transaction():
        context.run_migrations()
"""
MAKES = Revision(
    "makes",
    sql(
        "CREATE TABLE depot (id int PRIMARY KEY)",
        "CREATE TABLE parcel (id int PRIMARY KEY, qty int, depot_id int REFERENCES depot, note text)",
        "ALTER TABLE parcel DROP CONSTRAINT parcel_depot_id_fkey",
        "CREATE TABLE scan (id int, at date, what text) PARTITION BY RANGE (at)",
        "CREATE TABLE scan_past PARTITION OF scan FOR VALUES FROM (MINVALUE) TO ('2020-01-01')",
        "CREATE TABLE scan_new PARTITION OF scan DEFAULT",
    ),
    sql("DROP TABLE scan", "DROP TABLE parcel", "DROP TABLE depot"),
)
WAYS = {
    "PGH-W004 SET NOT NULL": (
        "DELETE FROM parcel WHERE qty IS NULL",
        "ALTER TABLE parcel ALTER COLUMN qty SET NOT NULL",
        "ALTER TABLE parcel ALTER COLUMN qty DROP NOT NULL",
    ),
    "PGH-W004 CHECK": (
        "UPDATE parcel SET qty = 1 WHERE qty < 1",
        "ALTER TABLE parcel ADD CONSTRAINT positive CHECK (qty > 0)",
        "ALTER TABLE parcel DROP CONSTRAINT positive",
    ),
    "PGH-W001 INDEX": (
        "DELETE FROM scan WHERE id IS NULL",
        "CREATE INDEX scan_what ON scan (what)",
        "DROP INDEX scan_what",
    ),
    "PGH-W001 UNIQUE": (
        "DELETE FROM scan",
        "ALTER TABLE scan ADD CONSTRAINT scan_key UNIQUE (at, id)",
        "ALTER TABLE scan DROP CONSTRAINT scan_key",
    ),
    "PGH-W005 FOREIGN KEY": (
        "UPDATE parcel SET depot_id = NULL",
        "ALTER TABLE parcel ADD FOREIGN KEY (depot_id) REFERENCES depot",
        "ALTER TABLE parcel DROP CONSTRAINT parcel_depot_id_fkey",
    ),
}
Judge = Callable[..., list[Finding]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a chain of one revision, whose env.py runs all revisions in one transaction."""
    write_chain(tmp_path / "chain", (MAKES,), ENV)
    return tmp_path / "chain"


@pytest.fixture
def judge(folder: Path, pg_server: Server, agent: Agent) -> Judge:
    """Return what writes revisions behind it, and judges the chain."""

    def judged(*revisions: Revision) -> list[Finding]:
        before = MAKES.slug
        for one in revisions:
            (folder / "versions" / f"{one.slug}.py").write_text(one.text(before), encoding="utf-8")
            before = one.slug
        checks = ("upgrade", "roundtrip", "locks", "crash", "leftovers")
        settings = load_settings(None, alembic=folder / "alembic.ini", only=checks)
        return list(run_with(settings, pg_server, agent).report.findings)

    return judged


@pytest.mark.parametrize("way", WAYS)
def test_each_revision_of_the_fix_comes_with_its_downgrade_and_env_py_with_its_own_call(
    way: str, judge: Judge, folder: Path
) -> None:
    cleans, up, down = WAYS[way]
    first = Revision("cleans", sql(cleans), top="allow = {'data': 'they are void'}")
    before = judge(first, Revision("constrains", sql(up), sql(down)))
    (found,) = (one for one in before if one.code == way.partition(" ")[0])

    stages = typed(found, folder)
    behind = [Revision(f"stage_{at}", *both) for at, both in enumerate(stages[1:])]
    again = judge(first, Revision("constrains", stages[0][0], f"{stages[0][1]}\n{sql(down)}".strip()), *behind)

    assert "in place of line 11 of " in found.mend
    # What is built in a block has committed what stands before it.
    is_apart = "target_metadata=None, transaction_per_migration=True" in (folder / "env.py").read_text(encoding="utf-8")
    assert is_apart == ("W001" not in way)
    assert len(stages) == (3 if "NOT NULL" in way else 2)
    # That rows may share what is to be unique is true, however the index is built.
    assert [one for one in told(again) if one[0] not in {"PGH-X003", "PGH-U002"}] == []


def test_a_lock_of_an_earlier_revision_goes_with_its_transaction(judge: Judge, folder: Path) -> None:
    adds, drops = "ADD CONSTRAINT positive CHECK (qty > 0) NOT VALID", "ALTER TABLE parcel DROP CONSTRAINT positive"
    added = Revision("adds", sql(f"ALTER TABLE parcel {adds}"), sql(drops))
    cleans = Revision("cleans", sql("UPDATE parcel SET qty = 1 WHERE qty < 1"), top="allow = {'data': 'they are void'}")
    validates = Revision(
        "validates",
        sql("ALTER TABLE parcel VALIDATE CONSTRAINT positive"),
        sql(drops, f"ALTER TABLE parcel {adds}"),
    )
    (found,) = judge(cleans, added, validates)

    typed(found, folder)

    assert found.code == "PGH-W010"
    assert told(judge(cleans, added, validates)) == []


def typed(finding: Finding, folder: Path) -> list[tuple[str, str]]:
    """Return upgrade() and downgrade() of each revision that a fix tells; what is of env.py is typed into it."""
    stages, is_back = [["", ""]], False
    for part in parts_of(finding.mend):
        if part.words.startswith("or"):
            break
        if "next revision" in part.words or "in one after it" in part.words:
            stages.append(["", ""])
        if part.words:
            is_back = "downgrade()" in part.words
            lines = re.search(r"env\.py, in place of lines (\d+) to (\d+)", part.words)
            continue
        if lines is None:
            stages[-1][is_back] += "\n".join((*part.code, ""))
        else:
            text = (folder / "env.py").read_text(encoding="utf-8").splitlines()
            text[int(lines[1]) - 1 : int(lines[2])] = [f"    {part.code[0]}"]
            (folder / "env.py").write_text("\n".join(text), encoding="utf-8")
    return [(up or "pass", down or "pass") for up, down in stages]
