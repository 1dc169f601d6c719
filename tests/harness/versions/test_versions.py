"""A project is judged alike under every Python, SQLAlchemy, Alembic and driver; pgharness stays in its own environment.

The gate checks one old environment; PGHARNESS_VERSIONS=all (`nox -s versions`) checks them all.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pgharness.findings import Finding
from pgharness.records.steps import Step
from pgharness.running import Run

pytestmark = pytest.mark.slow  # where the environment is still to be made

ALL = os.environ.get("PGHARNESS_VERSIONS") == "all"

# The oldest that the agent runs on, the one that pgharness itself needs, and the newest at hand.
OLDEST_PYTHON, OWN_PYTHON = (3, 9), (3, 11)
NEWEST_PYTHONS = ((3, 15), (3, 14), (3, 13), (3, 12))
SQLALCHEMY = ("1.4.54", "2.0.0", "2.0.31", "2.1.9")
ALEMBIC = ("1.8.1", "1.13.3", "1.16.5", "1.20.1")
# By the name in a URL, with the section of the examples' alembic.ini: psycopg 3 serves both kinds of engine.
DRIVERS = (
    ("psycopg2", "alembic"),
    ("psycopg", "alembic"),
    ("psycopg", "asynchronous"),
    ("asyncpg", "asynchronous"),
    ("pg8000", "alembic"),
)
PACKAGES = ("psycopg2-binary", "psycopg[binary]", "asyncpg", "pg8000")


@dataclass(frozen=True)
class Project:
    """What a project runs on; `python` is (major, minor), `section` that of its alembic.ini."""

    python: tuple[int, int]
    sqlalchemy: str
    alembic: str
    driver: str
    section: str

    def __str__(self) -> str:
        """Name it in a test's id."""
        python = ".".join(map(str, self.python))
        is_async = "-async" if self.section == "asynchronous" else ""
        return f"python{python}-sqlalchemy{self.sqlalchemy}-alembic{self.alembic}-{self.driver}{is_async}"

    @property
    def packages(self) -> tuple[str, ...]:
        """What its environment holds; drivers share one, since a URL names the one that is used."""
        return (f"sqlalchemy[asyncio]=={self.sqlalchemy}", f"alembic=={self.alembic}", *PACKAGES)


GATE = [Project(sys.version_info[:2], "1.4.54", "1.8.1", driver, "alembic") for driver in ("psycopg2", "pg8000")]

# pg8000 cannot leave the transaction that Alembic's question for the isolation level begins, so no autocommit block works there.
WITHOUT_AUTOCOMMIT = {
    "versions/0003_index_sailing_by_port.py": "\n".join(
        (
            '"""Find sailings by their port."""',
            "from alembic import op",
            'revision, down_revision = "0003", "0002"',
            'allow = {"locks": "there are few sailings"}',
            *("" for _ in range(5)),
            "def upgrade():",
            '    op.create_index("ix_sailing_port_id", "sailing", ["port_id"])',
            *("" for _ in range(3)),
            "def downgrade():",
            '    op.drop_index("ix_sailing_port_id", "sailing")',
        )
    )
}
Edits = Mapping[str, str]

# Why a combination Could not get the template; the first that applies is the reason.
LEFT_OUT: tuple[tuple[str, Callable[[Project], bool]], ...] = (
    ("SQLAlchemy 1.4 has no dialect for psycopg 3", lambda it: it.sqlalchemy == "1.4.54" and it.driver == "psycopg"),
    ("Alembic 1.20 needs SQLAlchemy 2.0", lambda it: it.sqlalchemy == "1.4.54" and it.alembic == "1.20.1"),
    ("Alembic 1.20 needs Python 3.10", lambda it: it.python < (3, 10) and it.alembic == "1.20.1"),
    ("SQLAlchemy 2.1 needs Python 3.11", lambda it: it.python < (3, 11) and it.sqlalchemy == "2.1.9"),
    (
        "SQLAlchemy before 2.0.31 cannot be imported on Python 3.13",
        lambda it: it.python >= (3, 13) and it.sqlalchemy == "2.0.0",
    ),
    ("2.0.0 stands for SQLAlchemy 2.0 where it runs", lambda it: it.python < (3, 13) and it.sqlalchemy == "2.0.31"),
)


def projects() -> Iterator[Project]:
    """Yield the projects to check."""
    if not ALL:
        yield from GATE
        return
    for python in pythons():
        for sqlalchemy in SQLALCHEMY:
            for alembic in ALEMBIC:
                for driver, section in DRIVERS:
                    project = Project(python, sqlalchemy, alembic, driver, section)
                    if not any(applies(project) for _, applies in LEFT_OUT):
                        yield project


def pythons() -> list[tuple[int, int]]:
    """Return the Pythons that are here, of those that matter."""
    newest = next((python for python in NEWEST_PYTHONS if interpreter(python)), None)
    return [python for python in (OLDEST_PYTHON, OWN_PYTHON, newest) if python and interpreter(python)]


def interpreter(python: tuple[int, int]) -> str | None:
    """Find a Python by its version on the PATH, or where uv keeps some; a shim that leads nowhere is none."""
    if python == sys.version_info[:2]:
        return sys.executable
    name = ".".join(map(str, python))
    found = [shutil.which(f"python{name}")]
    if uv := shutil.which("uv"):
        said = subprocess.run(
            [uv, "python", "find", "--no-python-downloads", name], capture_output=True, text=True, check=False
        )
        found.append(said.stdout.strip())
    return next((path for path in found if path and _runs(path)), None)


def _runs(path: str) -> bool:
    return subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


PROJECTS = list(projects())


@pytest.fixture(params=PROJECTS, ids=str)
def project(request: pytest.FixtureRequest) -> Project:
    """Return each project in turn."""
    given: Project = request.param
    return given


@pytest.fixture
def judged(project: Project, environment: Callable[..., Path], run_example: Callable[..., Run]) -> Callable[[str], Run]:
    """Check an example in the project's environment, and give the run."""
    python = environment(interpreter(project.python), *project.packages)

    def judge(name: str, edits: Edits | None = None) -> Run:
        return run_example(name, edits, python=python, driver=f"postgresql+{project.driver}", section=project.section)

    return judge


def test_a_sound_project_passes_and_tells_its_lines_and_notices(project: Project, judged: Callable[..., Run]) -> None:
    run = judged("on_any_version", WITHOUT_AUTOCOMMIT if project.driver == "pg8000" else None)

    assert run.report.findings == ()
    assert [
        lines(step) for revision in run.record.revisions for step in (revision.upgrade, revision.downgrade) if step
    ] == [
        [11, 16],
        [20],
        [11, 20],
        [24, 25],
        *([[11], [16]] if project.driver == "pg8000" else [[11, 12], [17]]),
    ]
    assert [[(one.severity, one.message) for one in item.upgrade.notices] for item in run.record.revisions] == [
        [],
        [("NOTICE", "ports have no sailings yet")],
        [] if project.driver == "pg8000" else [("NOTICE", 'index "ix_sailing_port_id" does not exist, skipping')],
    ]


@pytest.mark.parametrize("project", [it for it in PROJECTS if it.driver == "pg8000"], ids=str)
def test_an_autocommit_block_fails_on_pg8000_and_the_reason_is_told(judged: Callable[..., Run]) -> None:
    run = judged("on_any_version")

    assert [told(finding) for finding in run.report.findings] == [
        ("upgrade", "0003", "upgrade of 0003_index_sailing_by_port", "25001")
    ]


def test_a_broken_project_is_found_to_be_so(judged: Callable[..., Run]) -> None:
    run = judged("broken_on_any_version")

    # What `upgrade` tells of the line that 0003 adds a column by is not told of its lock once more.
    assert {one.revision for one in run.report.findings if one.check == "locks"} == {"0004"}
    assert [told(finding) for finding in run.report.findings if finding.check != "locks"] == [
        ("upgrade", "0003", "upgrade of 0003_add_email", "23502"),
        ("upgrade", "0004", "upgrade of 0004_add_card", "23505"),
        (
            "drift",
            "0001",
            "column public.member.state",
            "Its default is 'new'::text in the migrated database and 'active'::text in the models.",
        ),
        (
            "roundtrip",
            "0002",
            "table public.shelf",
            "downgrade() does not restore the catalog. Exists in the catalog after the downgrade, missing in the catalog before the upgrade.",
        ),
    ]


def lines(step: Step) -> list[int]:
    """Return the lines of the revision that sent statements; how many are sent for one call is the versions' own affair."""
    return list(dict.fromkeys(statement.line for statement in step.statements if statement.line))


def told(finding: Finding) -> tuple[str, str | None, str, str]:
    """Return what is to be equal: where the server gave a SQLSTATE that, since drivers word errors differently."""
    state = re.search(r"SQLSTATE (\w{5})", finding.message)
    return finding.check, finding.revision, finding.subject, state[1] if state else finding.message.splitlines()[0]
