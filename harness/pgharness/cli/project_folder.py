"""Finds the project that a command is run in, from any folder of it, and tells whose settings hold."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pgharness.settings import Settings, configured_above, is_configured, load_settings


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


def open_project(
    config: Path | None, options: Mapping[str, object], output: Path | None = None
) -> tuple[Settings, Mapping[str, object], Path | None]:
    """Read the settings of the project that is meant, from any folder of it, and tell whose they are where that may surprise.

    Returns them with the options and the output's file, which `enter_project` may have written anew. Raises CannotRun.
    """
    is_named = config is not None or options["alembic"] is not None
    if not is_named:
        options, output = enter_project(options, output)
    settings = load_settings(config, **options)
    if config is None and is_named:
        _tell_settings_file(settings)
    return settings, options, output


def _tell_settings_file(settings: Settings) -> None:
    """Report on the error output whose settings hold for a project that lies elsewhere; nothing where they are those of this folder."""
    here = Path.cwd()
    if settings.folder == here:
        return
    if is_configured(settings.folder / "pyproject.toml"):
        print(f"using {settings.folder / 'pyproject.toml'}", file=sys.stderr)
    elif is_configured(here / "pyproject.toml"):
        print(
            f"not using {here / 'pyproject.toml'}, which is of another project than {settings.alembic}; --config pyproject.toml takes it",
            file=sys.stderr,
        )


def _configured_folder(here: Path) -> Path | None:
    return here if (here / "alembic.ini").is_file() else configured_above(here)
