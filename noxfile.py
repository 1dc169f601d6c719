"""One session per question a person asks; `nox` alone is the gate, `nox -s migrations` the main job."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
CONSTRAINTS = ROOT / "constraints.txt"
# One environment for all sessions: what they need is nearly the same, and making it is most of a short session's time.
ENVIRONMENT = ROOT / ".nox" / "environment"
PROGRAMS = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
# As pip does by itself. Where PYTHONDONTWRITEBYTECODE is set, as in many containers, each process would compile all it imports.
UV_OPTIONS = ("--compile-bytecode",)
INSTALLED = ("-e", "harness[container]", "-e", ".[fastapi]", "--group", "dev")
# What other tests use takes seconds to load, which the main job need not wait for.
UNUSED_PLUGINS = ("-p", "no:schemathesis", "-p", "no:hypothesispytest")
# What works with the oldest of all that the harness depends on works with what lies between, as far as these tests see.
OLDEST_TESTS = (
    "embedded/test_embedded_server",
    "embedded/test_programs",
    "embedded/test_ready_clusters",
    "embedded/test_starting",
    "judging/test_added_checks",
    "test_bad_input",
    "test_command_line",
    "test_databases",
    "test_given_url",
    "test_interpreter",
    "test_plugin",
    "test_plugin_at_revision",
    "test_plugin_workers",
    "test_report",
    "test_server_choice",
    "test_server_url",
    "test_settings",
    "test_walk",
)
OLDEST_NEEDS = (
    "alembic>=1.20",
    "anyio>=4.12",
    "hypothesis>=6.140",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.8",
    "sqlalchemy>=2.1",
)
VERSIONS_TESTS = ("tests/harness/versions", "tests/harness/hazards")
BENCHMARKS = {
    path.stem: path for path in sorted((ROOT / "benchmarks").glob("*.py")) if "__main__" in path.read_text("utf-8")
}

nox.needs_version = ">=2024.10"
nox.options.sessions = ["lint", "types", "tests", "migrations"]


@nox.session(venv_backend="none")
def migrations(session: nox.Session) -> None:
    """Is the chain right? All checks on a real server; `-- --server container|embedded|URL` chooses which."""
    prepare(session)
    python(session, "-m", "pytest", *UNUSED_PLUGINS, *_pytest_arguments(session.posargs, "tests/migrations"))


@nox.session(venv_backend="none")
def schema(session: nox.Session) -> None:
    """Does the data layer work on a migrated database? `-- PATH` runs only what is there."""
    prepare(session)
    python(session, "-m", "pytest", "-n2", *_pytest_arguments(session.posargs, "tests/schema"))


@nox.session(venv_backend="none")
def harness(session: nox.Session) -> None:
    """Does the harness find what it must, and nothing else? `-- PATH` runs only what is there."""
    prepare(session)
    python(session, "-m", "pytest", "-n2", *_pytest_arguments(session.posargs, "tests/harness"))


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Is the code as the house wants it? `-- --fix` mends what can be mended."""
    prepare(session)
    fix = "--fix" in session.posargs
    python(session, "-m", "ruff", "check", *(["--fix"] if fix else []), ".")
    python(session, "-m", "ruff", "format", *([] if fix else ["--check"]), ".")
    program(session, "lint-imports")


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Do the types hold?"""
    prepare(session)
    python(session, "-m", "mypy")


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Do all tests pass?"""
    prepare(session)
    python(session, "-m", "pytest", "-n2", *_pytest_arguments(session.posargs))


@nox.session(venv_backend="none", default=False)
def coverage(session: nox.Session) -> None:
    """Do all tests pass, and do they reach the code (branches counted)?"""
    prepare(session)
    python(session, "-m", "coverage", "erase")
    python(session, "-m", "coverage", "run", "-m", "pytest", "-n2", *_pytest_arguments(session.posargs))
    python(session, "-m", "coverage", "combine", "--quiet")
    python(session, "-m", "coverage", "report")


@nox.session(venv_backend="none", default=False)
def versions(session: nox.Session) -> None:
    """Is a project judged alike on every Python, SQLAlchemy, Alembic and driver, and each hazard told on every PostgreSQL? On those at hand."""
    prepare(session)
    session.env["PGHARNESS_VERSIONS"] = "all"
    arguments = ("-n2", "--verbose", *UNUSED_PLUGINS)
    python(session, "-m", "pytest", *arguments, *_pytest_arguments(session.posargs, *VERSIONS_TESTS))


@nox.session(venv_backend="none", default=False)
def oldest(session: nox.Session) -> None:
    """Does the harness run with the oldest of what it depends on? (needs uv)"""
    if not shutil.which("uv"):
        session.error("uv is not on the PATH, and pip cannot install the oldest of what is allowed: pip install uv")
    folder = ROOT / ".nox" / "oldest"
    interpreter = str(folder / "bin" / "python")
    session.chdir(ROOT)
    session.run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(folder), external=True)
    install = ("uv", "pip", "install", "--quiet", "--resolution", "lowest-direct", "--python", interpreter)
    session.run(*install, *UV_OPTIONS, "-e", "harness[container,pytest]", *OLDEST_NEEDS, external=True)
    tests = [f"tests/harness/{name}.py" for name in OLDEST_TESTS]
    session.run(interpreter, "-m", "pytest", "-n2", *_pytest_arguments(session.posargs, *tests), external=True)


@nox.session(venv_backend="none", default=False)
def contract(session: nox.Session) -> None:
    """Does the database take exactly what the contracts take? At least 20,000 requests, and 300 values for each column."""
    prepare(session)
    asked = {
        "FLOWFORGE_CONTRACT_REQUESTS": "20000",
        "FLOWFORGE_CONTRACT_CASES": "600",
        "FLOWFORGE_CONTRACT_VALUES": "300",
    }
    session.env.update(asked)
    python(
        session,
        "-m",
        "pytest",
        "-rP",
        "--log-level=INFO",
        "--timeout=3600",  # the hang limit of a test of the gate is shorter than what 20,000 requests take
        *_pytest_arguments(session.posargs, "tests/schema/contracts"),
    )


@nox.session(venv_backend="none", default=False)
def scale(session: nox.Session) -> None:
    """Does all work on a Citus cluster? `-- COORDINATOR_URL` names an empty database of one; docs/guides/when-one-machine-is-not-enough.md."""
    if not session.posargs or "://" not in session.posargs[0]:
        session.error("name the coordinator: nox -s scale -- postgresql://user@host:5432/empty_database")
    prepare(session)
    session.env["FLOWFORGE_SCALE_URL"] = session.posargs[0]
    python(session, "-m", "pytest", "tests/scale", *session.posargs[1:])


@nox.session(venv_backend="none", default=False)
def traffic(session: nox.Session) -> None:
    """Do readers and writers of a million rows go on while the newest revision runs? `-- --since REVISION` asks it of more."""
    prepare(session)
    program(session, "pgharness", "check", "--traffic", "--only", "traffic", "--only", "locks", *session.posargs)


@nox.session(venv_backend="none", default=False)
def structure(session: nox.Session) -> None:
    """Write schema/structure.sql anew from the chain's head."""
    prepare(session)
    program(session, "pgharness", "check", "--write-structure", *session.posargs)


@nox.session(venv_backend="none", default=False)
def bench(session: nox.Session) -> None:
    """How fast is it? `-- NAME` runs one of the benchmarks."""
    if not session.posargs or session.posargs[0] not in BENCHMARKS:
        session.error(f"name a benchmark: nox -s bench -- {' | '.join(BENCHMARKS)}")
    prepare(session, "--group", "bench")
    # One of them reads the tables of cases of the tests.
    session.env["PYTHONPATH"] = str(ROOT)
    python(session, str(BENCHMARKS[session.posargs[0]]), *session.posargs[1:])


@nox.session(venv_backend="none", default=False)
def foreign(session: nox.Session) -> None:
    """How far does the harness get with chains that others have published? `-- NAME` asks one of them (needs uv, and takes long)."""
    prepare(session)
    python(session, str(ROOT / "benchmarks" / "foreign.py"), *session.posargs)


@nox.session(venv_backend="none", default=False)
def pin(session: nox.Session) -> None:
    """Write constraints.txt anew: the newest versions that the pyprojects allow (needs uv)."""
    compiled = ("uv", "pip", "compile", "--universal", "--all-extras", "--upgrade", "--no-header", "--no-annotate")
    groups = ("--group", "dev", "--group", "bench")
    session.run(*compiled, *groups, "pyproject.toml", "harness/pyproject.toml", "-o", str(CONSTRAINTS), external=True)


def prepare(session: nox.Session, *more: str) -> None:
    """Make the environment, or bring it to what the pyprojects and the constraints say now; it may hold more than is asked."""
    stamp = _stamp(*more)
    if stamp.exists():
        return
    session.log("installing into %s, which takes a minute with uv, and some with pip", ENVIRONMENT)
    session.chdir(ROOT)
    install = ["install", "--quiet", "--constraint", str(CONSTRAINTS), *INSTALLED, *more]
    if shutil.which("uv"):
        session.run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(ENVIRONMENT), external=True)
        session.run("uv", "pip", *install, *UV_OPTIONS, "--python", str(PROGRAMS / "python"), external=True)
    else:
        session.run(sys.executable, "-m", "venv", "--clear", "--upgrade-deps", str(ENVIRONMENT), external=True)
        python(session, "-m", "pip", *install)
    for satisfied in (stamp, _stamp()):
        satisfied.touch()


def _stamp(*more: str) -> Path:
    """Name the file that says: what is asked for is installed."""
    digest = hashlib.sha256(repr((INSTALLED, UV_OPTIONS, more, sys.version, str(ROOT))).encode())
    for source in (ROOT / "pyproject.toml", ROOT / "harness" / "pyproject.toml", CONSTRAINTS):
        digest.update(source.read_bytes())
    return ENVIRONMENT / f"{digest.hexdigest()[:16]}.stamp"


def python(session: nox.Session, *arguments: str) -> None:
    """Run the environment's Python."""
    session.run(str(PROGRAMS / "python"), *arguments, external=True)


def program(session: nox.Session, name: str, *arguments: str) -> None:
    """Run a program of the environment."""
    session.run(str(PROGRAMS / name), *arguments, external=True)


def _pytest_arguments(given: list[str], *paths: str) -> list[str]:
    """Take `--server` for the plugin's longer option, and the session's own paths where none is given."""
    options = ["--pgharness-server" if argument == "--server" else argument for argument in given]
    has_path = any((ROOT / argument.partition("::")[0]).exists() for argument in given if not argument.startswith("-"))
    return options if has_path else [*paths, *options]
