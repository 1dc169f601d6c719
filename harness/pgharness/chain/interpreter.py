"""Which Python runs the project's code: the one that is named, else the project's environment, else our own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from pgharness.findings import CannotRun

# Looked for beside the Alembic configuration, and in the folders above it up to the project's root.
ENVIRONMENTS = (".venv", "venv")
_HAS_ALEMBIC = "import importlib.util as u, sys; sys.exit(not (u.find_spec('alembic') and u.find_spec('sqlalchemy')))"


def choose_interpreter(named: Path | None, alembic_ini: Path, *, own_first: bool = False) -> Path:
    """Give the interpreter in which the project is installed.

    `named` must serve. Of VIRTUAL_ENV, a virtual environment beside the ini, and our own, the first is taken that has Alembic;
    with `own_first` (in pytest, which runs where the project does) our own is the first. Raises CannotRun.
    """
    if named is not None:
        return _required(named)
    looked: list[str] = []
    for python, where in _candidates(alembic_ini, os.environ, own_first=own_first):
        if _has_alembic(python):
            return python
        looked.append(f"{where}: {python if python.exists() else 'none'}")
    raise CannotRun(
        "No Python with Alembic and SQLAlchemy was found to run the project's code.",
        seen=f"looked in {'; '.join(looked)}",
        mend="name the project's: pgharness check --python .venv/bin/python, or install alembic there",
    )


def _required(named: Path) -> Path:
    python = _python_of(named) if named.is_dir() else named
    if not python.exists():
        raise CannotRun(
            f"There is no Python {named}.",
            seen=f"looked for {python.absolute()}",
            mend="name an interpreter or a virtual environment: --python .venv/bin/python",
        )
    if not _has_alembic(python):
        raise CannotRun(
            f"The Python {named} has no Alembic.",
            seen="alembic and sqlalchemy cannot both be imported there",
            mend=f"{python} -m pip install alembic, or name the project's own interpreter: --python PATH",
        )
    return python


def _candidates(alembic_ini: Path, variables: Mapping[str, str], *, own_first: bool) -> Iterator[tuple[Path, str]]:
    own = (Path(sys.executable), "our own Python")
    if own_first:
        yield own
    if active := variables.get("VIRTUAL_ENV"):
        yield _python_of(Path(active)), "VIRTUAL_ENV"
    for folder in _folders_up_to_the_root(alembic_ini.absolute().parent):
        for name in ENVIRONMENTS:
            if (folder / name / "pyvenv.cfg").exists():
                yield _python_of(folder / name), str(folder / name)
    if not own_first:
        yield own


def _folders_up_to_the_root(folder: Path) -> Iterator[Path]:
    """Give the folder and those above it, up to the one that holds a pyproject.toml or a repository."""
    for one in (folder, *folder.parents):
        yield one
        if (one / "pyproject.toml").exists() or (one / ".git").exists():
            return


def _python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _has_alembic(python: Path) -> bool:
    if _is_own(python):
        from importlib.util import find_spec  # noqa: PLC0415 - beside its only use

        return bool(find_spec("alembic") and find_spec("sqlalchemy"))
    try:
        return subprocess.run([python, "-c", _HAS_ALEMBIC], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _is_own(python: Path) -> bool:
    """Whether it is this very environment; two of them may share a binary, and have other packages."""
    return python.absolute() == Path(sys.executable).absolute()
