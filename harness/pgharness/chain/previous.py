"""The release before as git has it: its files in a folder of their own, and its chain read there."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from pgharness.chain.project import Project, open_project
from pgharness.findings import CannotRun
from pgharness.servers.private_folder import private_folder
from pgharness.settings import Settings


def require_previous(settings: Settings) -> None:
    """Raise CannotRun where git does not know the release that the settings name, or has no chain of it."""
    if settings.previous is not None:
        root = _root(settings)
        _git(root, "rev-parse", "--verify", "--quiet", f"{settings.previous}^{{commit}}", named=settings.previous)
        if settings.make_config is None:
            _git(
                root,
                "cat-file",
                "-e",
                f"{settings.previous}:{_within(root, settings.alembic)}",
                named=settings.previous,
            )


@contextlib.contextmanager
def previous_release(project: Project) -> Iterator[Project]:
    """Yield the project as it was at `previous`, in a folder that goes at the end. Raises CannotRun.

    It is run by the same interpreter, whose installed packages are those of today.
    """
    settings = project.settings
    assert settings.previous is not None
    root = _root(settings)
    archive = _git(root, "archive", "--format=tar", settings.previous, named=settings.previous)
    with private_folder() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            _extract(files, folder)
        before = open_project(
            _settings_at(settings, root, Path(folder), project.runs.agent.python), agent=project.runs.agent
        )
        with contextlib.closing(before.runs):
            yield before


def _extract(files: tarfile.TarFile, folder: str) -> None:
    """Write out what git has packed; the filter came with 3.12, 3.11.4 and others of its age."""
    if hasattr(tarfile, "data_filter"):
        files.extractall(folder, filter="data")
    else:
        files.extractall(folder)  # noqa: S202 - git names nothing outside of the repository


def _settings_at(settings: Settings, root: Path, folder: Path, python: Path) -> Settings:
    """Return the settings with the files of that release, where it has them; git has no environment, so the interpreter is today's."""
    moved = {"alembic": folder / _within(root, settings.alembic), "python": python}
    if settings.statements is not None and (old := folder / _within(root, settings.statements)).is_file():
        moved["statements"] = old
    copied = settings.model_copy(update=moved)
    if settings.make_config is not None:
        copied._folder = folder / _within(root, settings.folder)  # noqa: SLF001 - no setting that anybody could give
    return copied


def _root(settings: Settings) -> Path:
    said = _git(settings.alembic.absolute().parent, "rev-parse", "--show-toplevel", named=settings.previous or "")
    return Path(said.decode().strip())


def _within(root: Path, file: Path) -> Path:
    try:
        return file.resolve().relative_to(root.resolve())
    except ValueError as error:
        raise CannotRun(
            f"{file} is not in the repository of the project.",
            seen=f"the repository is {root}",
            mend="leave --previous out, or move the file",
        ) from error


def _git(folder: Path, *arguments: str, named: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        said = error.stderr.decode(errors="replace") if isinstance(error, subprocess.CalledProcessError) else str(error)
        raise CannotRun(
            f"git has no release {named!r} of this chain.",
            seen=" ".join(said.split()) or f"git {' '.join(arguments)} gives nothing",
            mend="name a commit, branch or tag that is there and has the alembic.ini: --previous origin/main (git fetch origin main)"
            if "not a git repository" not in said
            else "check the project where git has it, or leave --previous out",
        ) from error
