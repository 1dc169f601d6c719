"""A checkpoint is a database of one's own at a revision, with rows; the template behind it is made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pgharness.chain.project import Project, open_project
from pgharness.databases import Database, Databases
from pgharness.experiments.checkpoints import Checkpoints
from pgharness.findings import CannotRun
from pgharness.settings import load_settings
from tests.harness.chains import Revision, sql, table, write_chain

CHAIN = (table("a"), table("b", "id bigint PRIMARY KEY, a bigint NOT NULL REFERENCES a"), table("c"))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Open a chain of three tables; each upgrade leaves a line in a file."""
    log = f"open({str(tmp_path / 'upgrades')!r}, 'a').write('once\\n')"
    chain = [Revision(one.slug, f"{log}\n{one.up}", one.down) for one in CHAIN]
    opened = open_project(load_settings(None, alembic=write_chain(tmp_path / "chain", chain)))
    with opened.runs.agent:
        yield opened


def rows_of(database: Database, name: str) -> int:
    """Count a table's rows."""
    with database.connect() as connection:
        row = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
    assert row is not None
    return int(row[0])


def test_a_checkpoint_stands_at_its_revision_with_rows_in_every_table(
    project: Project, pg_databases: Databases
) -> None:
    database = Checkpoints(project, pg_databases).at("b")

    with database.connect() as connection:
        version = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        later = connection.execute("SELECT to_regclass('c')").fetchone()
    assert (version, later) == ([("b",)], (None,))
    assert (rows_of(database, "a"), rows_of(database, "b")) == (4, 4)
    pg_databases.drop(database)


def test_without_a_revision_it_stands_at_the_heads(project: Project, pg_databases: Databases) -> None:
    database = Checkpoints(project, pg_databases).at()

    assert rows_of(database, "c") == 4
    pg_databases.drop(database)


def test_all_checkpoints_at_one_revision_come_of_one_template(
    project: Project, pg_databases: Databases, tmp_path: Path
) -> None:
    first, second = (Checkpoints(project, pg_databases).at("b") for _ in range(2))
    with first.connect() as connection:
        connection.execute("DELETE FROM b")

    assert (tmp_path / "upgrades").read_text(encoding="utf-8").splitlines() == ["once"] * 2  # two revisions, each once
    assert (rows_of(first, "b"), rows_of(second, "b")) == (0, 4)
    for database in (first, second):
        pg_databases.drop(database)


def test_a_checkpoint_of_a_changed_revision_is_made_anew(project: Project, pg_databases: Databases) -> None:
    before = Checkpoints(project, pg_databases).at("a")
    file = next(Path(one.path) for one in project.chain.revisions if one.revision == "a")
    file.write_text(
        file.read_text(encoding="utf-8").replace("PRIMARY KEY)", "PRIMARY KEY, note text)"), encoding="utf-8"
    )

    after = Checkpoints(project, pg_databases).at("a")

    with before.connect() as old, after.connect() as new:
        count = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'a'::regclass AND attname = 'note'"
        assert (old.execute(count).fetchone(), new.execute(count).fetchone()) == ((0,), (1,))
    for database in (before, after):
        pg_databases.drop(database)


def test_a_revision_that_fails_on_the_way_is_named(tmp_path: Path, pg_databases: Databases) -> None:
    chain = (table("a"), Revision("breaks", sql("SELECT 1/0")), table("c"))
    with open_project(load_settings(None, alembic=write_chain(tmp_path / "broken", chain))).runs.agent:
        pass
    project = open_project(load_settings(None, alembic=tmp_path / "broken" / "alembic.ini"))

    with pytest.raises(CannotRun, match="revision breaks fails"):
        Checkpoints(project, pg_databases).at("c")
    project.runs.agent.close()
