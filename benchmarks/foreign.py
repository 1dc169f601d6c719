"""How far does pgharness get with chains that others have published? Each as its README says, in an environment of its own: `nox -s foreign`.

Prints a row for each project: its version, revisions, how many of them run, the checks that were made, findings, as how many causes the report tells
them, notes, the findings by code, and the seconds of the run beside those of a plain `alembic upgrade head` by the project's own env.py, with the
load of the machine. With
`--draw N --seed S` nothing is run: it prints N findings of each report that is there, drawn by chance, to be verified by hand; the same seed draws the same
ones of the same report.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pgharness.chain.baseline import run_baseline
from pgharness.chain.deployment import deploy
from pgharness.chain.project import open_project
from pgharness.databases import Databases
from pgharness.findings import CannotRun, Finding
from pgharness.report.causes import causes
from pgharness.servers import open_server
from pgharness.settings import load_settings

HERE = Path(__file__).parent
FOLDER = HERE.parent / ".nox" / "foreign"
TIMEOUT_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A distribution with a chain: what to install, the folder in it where its commands are typed, and the settings that its README names.

    `where` is a folder below site-packages, in which `alembic` lies; `files` are written beside the settings. `baseline` is
    Python that prints SQL.
    """

    name: str
    where: str
    requirements: tuple[str, ...] = ()
    alembic: str = "alembic.ini"
    settings: Mapping[str, str | list[str]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    baseline: str = ""


# MLflow makes its first tables by create_all(), and its chain goes on from there.
MLFLOW = """\
from mlflow.store.tracking.dbmodels.initial_models import Base
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.schema import CreateTable

print("".join(f"{CreateTable(table).compile(dialect=dialect())};" for table in Base.metadata.sorted_tables))
"""
AIIDA = """\
from aiida.manage.configuration.profile import Profile
from aiida.storage.psql_dos.migrator import PsqlDosMigrator


def make(url):
    storage = {"backend": "core.psql_dos", "config": {"repository_uri": "file:///tmp/pgharness-aiida"}}
    made = PsqlDosMigrator._alembic_config()
    made.attributes["aiida_profile"] = Profile("judged", {"storage": storage, "process_control": {"backend": None, "config": {}}})
    return made
"""

PROJECTS = (
    Project(name="optuna", where="optuna/storages/_rdb", requirements=("optuna", "psycopg2-binary")),
    Project(
        name="argilla-server",
        where="argilla_server",
        requirements=("argilla-server[postgresql]",),
        environment={"ARGILLA_DATABASE_URL": "{url}"},
    ),
    Project(
        name="arize-phoenix",
        where="phoenix/db",
        requirements=("arize-phoenix[pg]",),
        settings={"driver": "postgresql+asyncpg"},
        environment={"PHOENIX_SQL_DATABASE_URL": "{url}"},
    ),
    Project(
        name="prefect",
        where="prefect/server/database",
        requirements=("prefect",),
        settings={"driver": "postgresql+asyncpg"},
        environment={"PREFECT_SERVER_DATABASE_CONNECTION_URL": "{url}"},
    ),
    Project(name="meltano", where="meltano", alembic="migrations", requirements=("meltano", "psycopg2-binary")),
    Project(name="quetz-server", where="quetz", alembic="migrations", requirements=("quetz-server", "psycopg2-binary")),
    Project(
        name="mlflow-skinny",
        where="",
        requirements=("mlflow-skinny", "sqlalchemy", "alembic", "psycopg2-binary"),
        settings={"make_config": "mlflow.store.db.utils:_get_alembic_config", "baseline": "baseline.sql"},
        baseline=MLFLOW,
    ),
    Project(
        name="ckan",
        where="ckan/migration",
        requirements=("ckan[requirements]", "psycopg2-binary"),
    ),
    Project(
        name="gnocchi",
        where="gnocchi/indexer/alembic",
        requirements=("gnocchi[postgresql]",),
        environment={"OS_INDEXER__URL": "{url}"},
    ),
    Project(
        name="aiida-core",
        where="aiida/storage/psql_dos",
        requirements=("aiida-core",),
        settings={"make_config": "made_for_aiida:make", "heads": ["main_0002"]},
        files={"made_for_aiida.py": AIIDA},
    ),
)


def main() -> None:
    """Judge the projects that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *(one.name for one in PROJECTS)], default=[])
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the environments and reports are made")
    parser.add_argument("--skip", action="append", default=[], help="leave out this check; may be repeated")
    parser.add_argument("--only", action="append", default=[], help="make this check alone; may be repeated")
    parser.add_argument(
        "--draw", type=int, default=0, help="print so many findings of each report, by chance, and run nothing"
    )
    parser.add_argument("--seed", type=int, default=0, help="the seed of that chance")
    asked = parser.parse_args()
    if asked.draw:
        for project in PROJECTS:
            if not asked.names or project.name in asked.names:
                print("\n".join(_drawn(project.name, asked.folder / project.name, asked.draw, asked.seed)))
        return
    print(
        "| project | revisions | that run | checks made | findings | causes | notes | by code | seconds | `upgrade head` | load |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for project in PROJECTS:
        if not asked.names or project.name in asked.names:
            print(_row(project, asked.folder / project.name, asked.skip, asked.only), flush=True)


def _drawn(name: str, folder: Path, number: int, seed: int) -> list[str]:
    """Return findings of a report as text, a block each; one line where there is no report."""
    output = folder / "report.json"
    if not output.exists():
        return [f"== {name}: no report; run it first"]
    found = json.loads(output.read_text(encoding="utf-8"))["findings"]
    chance = random.Random(f"{seed} {name}")  # noqa: S311 - what is drawn is to be drawn again
    chosen = chance.sample(range(len(found)), min(number, len(found)))
    blocks = [f"== {name}: {len(chosen)} of {len(found)}, seed {seed}"]
    for place in sorted(chosen):
        one = found[place]
        where = f"{one['file']}:{one['line']}" if one.get("file") else ""
        said = [f"-- {place} {one['code']} {one['revision']} {one['subject']} {where}", one["message"]]
        blocks += [*said, *(f"   | {line}" for line in one["evidence"].splitlines()), f"   fix: {one['mend']}"]
    return blocks


def _row(project: Project, folder: Path, skipped: Sequence[str], only: Sequence[str]) -> str:
    python = _installed(project, folder)
    began, load = time.perf_counter(), os.getloadavg()[0]
    report = _judged(
        project, folder, python, [*(f"--skip={one}" for one in skipped), *(f"--only={one}" for one in only)]
    )
    seconds = time.perf_counter() - began
    named = f"{project.name} {_version(project, python)}"
    if isinstance(report, str):
        return f"| {named} | – | – | – | – | – | – | {report} | {seconds:.0f} | – | {load:.0f} |"
    revisions = [one["revision"] for one in report["revisions"]]
    failing = {one["revision"] for one in report["findings"] if one["check"] == "upgrade"}
    made = [one["name"] for one in report["checks"] if one["status"] != "skipped"]
    codes = Counter(one["code"] for one in report["findings"])
    found = ", ".join(f"{code} × {number}" for code, number in sorted(codes.items())) or "none"
    ran = sum(one not in failing for one in revisions)
    told = len(report["findings"]), len(causes(map(_finding, report["findings"]))), len(report["notes"])
    counts = " | ".join(str(count) for count in (len(revisions), ran, len(made), *told))
    load = max(load, os.getloadavg()[0])
    return f"| {named} | {counts} | {found} | {seconds:.0f} | {_plain(project, folder, python)} | {load:.0f} |"


def _finding(told: dict[str, Any]) -> Finding:
    """Return a finding as the report's JSON has it."""
    words = {name: told[name] for name in ("check", "revision", "subject", "message", "mend", "evidence")}
    return Finding(**words, code=told["code"], cause=told["cause"])


def _plain(project: Project, folder: Path, python: Path) -> str:
    """Return the seconds of one upgrade to the heads by the project's env.py in a new process, as `alembic upgrade head` takes them."""
    with contextlib.chdir(_packages(python) / project.where):
        settings = load_settings(folder / "pyproject.toml")
        try:
            opened = open_project(settings)
            with (
                opened.runs.agent,
                open_server(settings.server) as server,
                Databases(server) as databases,
                databases.experiment("plain") as database,
            ):
                run_baseline(database, settings)
                began = time.perf_counter()
                deployment = deploy(opened, database, opened.chain.targets)
                seconds = time.perf_counter() - began
        except CannotRun as reason:
            return f"– ({reason.what})"
    return f"{seconds:.1f}" if deployment.failure is None else f"fails after {seconds:.1f}"


def _packages(python: Path) -> Path:
    """Return the folder in which the packages of an environment lie."""
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    return Path(subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip())


def _installed(project: Project, folder: Path) -> Path:
    """Return the interpreter of the project's environment, made where it is not there."""
    python = folder / "environment" / "bin" / "python"
    if not python.exists():
        subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, folder / "environment"], check=True)
        subprocess.run(["uv", "pip", "install", "--quiet", "--python", python, *project.requirements], check=True)
    return python


def _version(project: Project, python: Path) -> str:
    code = f"from importlib.metadata import version; print(version({project.name!r}))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _judged(project: Project, folder: Path, python: Path, chosen: Sequence[str]) -> dict[str, Any] | str:
    """Return the report, or why there is none."""
    packages = _packages(python)
    config, output = folder / "pyproject.toml", folder / "report.json"
    for name, text in project.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    if project.baseline:
        printed = subprocess.run([python, "-c", project.baseline], check=True, capture_output=True, text=True).stdout
        (folder / "baseline.sql").write_text(printed, encoding="utf-8")
    config.write_text(_config(project, packages, python), encoding="utf-8")
    output.unlink(missing_ok=True)
    # Not `python -m pgharness`, which would import what lies in the folder: phoenix/db has a package `types`.
    command: list[str | Path] = [
        Path(sys.executable).with_name("pgharness"),
        "check",
        "--config",
        config,
    ]
    command += ["--format", "json", "--output", output, *chosen]
    try:
        ended = subprocess.run(
            command, cwd=packages / project.where, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"not done after {TIMEOUT_S} s"
    (folder / "said.txt").write_text(ended.stdout + ended.stderr, encoding="utf-8")
    if not output.exists():
        return " ".join(ended.stderr.split()).replace("|", "\\|")
    report: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return report


def _config(project: Project, packages: Path, python: Path) -> str:
    settings = {"alembic": str(packages / project.where / project.alembic), "python": str(python), **project.settings}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    variables = [f"{name} = {json.dumps(value)}" for name, value in project.environment.items()]
    return "\n".join(["[tool.pgharness]", *lines, "", "[tool.pgharness.environment]", *variables, ""])


if __name__ == "__main__":
    main()
