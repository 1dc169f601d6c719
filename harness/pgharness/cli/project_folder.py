"""Finds the project that a command is run in, from any folder of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pgharness.settings import is_configured


def enter_project(options: Mapping[str, object], output: Path | None) -> tuple[Mapping[str, object], Path | None]:
    """Go to the nearest folder above whose pyproject.toml has [tool.pgharness], where there is neither that nor an alembic.ini here.

    So a command does in every folder of a project what it does at its root. Returns the options and the output's file, with
    paths that stay what they were.
    """
    here = Path.cwd()
    folder = _configured_folder(here)
    if folder is None or folder == here:
        return options, output
    print(f"using {folder / 'pyproject.toml'}", file=sys.stderr)
    os.chdir(folder)
    return (
        {name: here / value if isinstance(value, Path) else value for name, value in options.items()},
        here / output if output is not None else None,
    )


def _configured_folder(here: Path) -> Path | None:
    if (here / "alembic.ini").is_file():
        return here
    for folder in (here, *here.parents):
        if is_configured(folder / "pyproject.toml"):
            return folder
        if (folder / ".git").exists():
            return None
    return None
