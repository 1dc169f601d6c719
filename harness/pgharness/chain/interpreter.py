"""Which Python runs the project's code: the one that is named, else the project's environment, else our own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from pgharness.findings import CannotRun

# Looked for beside the Alembic configuration, and in the folders above it up to the project's root.
ENVIRONMENTS = (".venv", "venv")
# Says on standard error why a Python does not serve, and nothing if it does. Any Python can read it, also one of 2.7. A folder
# `alembic` is in many projects, so the current folder is no place to look in, and a folder without __init__.py no package.
_PROBE = """
import sys
if sys.version_info < (3, 9):
    sys.exit("it is Python %d.%d, older than 3.9" % sys.version_info[:2])
if sys.path[:1] == [""]:
    del sys.path[0]
from importlib import metadata, util
for name, oldest in (("alembic", (1, 8)), ("sqlalchemy", (1, 4))):
    spec = util.find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit("it has no " + name)
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        continue
    if tuple(int(part) for part in found.split(".")[:2]) < oldest:
        sys.exit("it has %s %s, older than %d.%d" % ((name, found) + oldest))
"""
_PROBE_LIMIT_S = 60


def choose_interpreter(named: Path | None, alembic_ini: Path, *, own_first: bool = False) -> Path:
    """Return the interpreter in which the project is installed.

    `named` (a file, a virtual environment, or a name on the PATH) must serve. Of VIRTUAL_ENV, a virtual environment beside the
    ini, and our own, the first is taken that has Alembic; with `own_first` (in pytest, which runs where the project does) our own
    is the first. Raises CannotRun.
    """
    if named is not None:
        return _required(named)
    looked: list[str] = []
    for python, where in _candidates(alembic_ini, os.environ, own_first=own_first):
        why_not = _why_not(python)
        if not why_not:
            return python
        looked.append(f"{where} ({python}: {why_not})")
    raise CannotRun(
        "No Python with Alembic and SQLAlchemy was found to run the project's code.",
        seen=f"looked in {'; '.join(looked)}",
        mend="name the project's: pgharness check --python .venv/bin/python, or install alembic there",
    )


def is_own(python: Path) -> bool:
    """Whether it is of this very environment, whose folder may be reached by links, and whose Python may have several names.

    Two environments may share a binary and have other packages, so a link to that is not followed.
    """
    own = Path(sys.executable).absolute()
    in_environment = sys.prefix != sys.base_prefix
    same_folder = python.absolute().parent.resolve() == own.parent.resolve()
    return same_folder and (in_environment or python.name == own.name)


def _required(named: Path) -> Path:
    python = _named(named)
    if not python.exists():
        on_path = ", and for that name on the PATH" if named.name == str(named) else ""
        raise CannotRun(
            f"Python interpreter {named} not found.",
            seen=f"looked for {python}{on_path}",
            mend="name an interpreter or a virtual environment: --python .venv/bin/python",
        )
    if why_not := _why_not(python):
        raise CannotRun(
            f"The Python {named} cannot run the project's code.",
            seen=f"{python}: {why_not}",
            mend=f"{_installing(python, why_not)}name the project's own interpreter: --python .venv/bin/python",
        )
    return python


def _installing(python: Path, why_not: str) -> str:
    """Return what gives a Python what it lacks, joined to what else may be done; an old SQLAlchemy is what the project is written for, and stays."""
    if "older than" in why_not:
        return "bring the project to Python 3.9, Alembic 1.8 and SQLAlchemy 1.4 or newer, which pgharness needs, or "
    return f"{python} -m pip install alembic, or " if why_not.startswith("it has no") else ""


def _named(named: Path) -> Path:
    """Return the file that is meant."""
    if named.is_dir():
        return _python_of(named.absolute())
    found = shutil.which(str(named)) if named.name == str(named) and not named.exists() else None
    return Path(found) if found else named.absolute()


def _candidates(alembic_ini: Path, variables: Mapping[str, str], *, own_first: bool) -> Iterator[tuple[Path, str]]:
    own = (Path(sys.executable), "our own Python")
    if own_first:
        yield own
    if active := variables.get("VIRTUAL_ENV"):
        yield _python_of(Path(active).absolute()), "VIRTUAL_ENV"
    for folder in _folders_up_to_the_root(alembic_ini.absolute().parent):
        for name in ENVIRONMENTS:
            if (folder / name / "pyvenv.cfg").exists():
                yield _python_of(folder / name), str(folder / name)
    if not own_first:
        yield own


def _folders_up_to_the_root(folder: Path) -> Iterator[Path]:
    """Yield the folder and those above it, up to the one that holds a pyproject.toml or a repository."""
    for one in (folder, *folder.parents):
        yield one
        if (one / "pyproject.toml").exists() or (one / ".git").exists():
            return


def _python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _why_not(python: Path) -> str:
    """Return why it cannot run the project's code; empty if it can."""
    if not python.exists():
        return "there is none"
    if is_own(python) and all(_is_here(name) for name in ("alembic", "sqlalchemy")):  # saves the start of a process
        return ""
    try:
        ended = subprocess.run(
            [python, "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_PROBE_LIMIT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it does not run, {error}"
    if ended.returncode == 0:
        return ""
    said = ended.stderr.strip().splitlines()
    return said[-1] if said else f"it ended with exit code {ended.returncode}"


def _is_here(name: str) -> bool:
    spec = find_spec(name)
    return spec is not None and spec.origin is not None
