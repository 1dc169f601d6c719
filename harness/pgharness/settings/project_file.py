"""Which pyproject.toml has the settings for an Alembic configuration, and what its table says."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pgharness.findings import CannotRun

TABLE = "tool.pgharness"


def settings_file(alembic: Path | str | None) -> Path:
    """Return the pyproject.toml that has the settings for an Alembic configuration: the nearest with our table at or above it.

    Without one, that of the current folder where the configuration lies below it, else the one beside the configuration: what another
    project has set does not hold for it. None has to be there.
    """
    here = Path("pyproject.toml")
    if alembic is None:
        return here
    named = Path(os.path.abspath(alembic))  # noqa: PTH100 - links are not followed, `..` is
    folder = named if named.is_dir() else named.parent
    found = configured_above(folder)
    if found is None and not folder.is_relative_to(Path.cwd()):
        found = folder
    return here if found in {None, Path.cwd()} else found / here


def configured_above(folder: Path) -> Path | None:
    """Return the nearest folder, this one or above it in its repository, whose pyproject.toml has our table."""
    for one in (folder, *folder.parents):
        if is_configured(one / "pyproject.toml"):
            return one
        if (one / ".git").exists():
            return None
    return None


def is_configured(file: Path) -> bool:
    """Whether a pyproject.toml is there and has our table; one that cannot be read has not."""
    try:
        return "pgharness" in tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError, AttributeError, TypeError):  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        return False


def read_table(file: Path, *, required: bool) -> dict[str, Any]:
    """Return our table of a pyproject.toml; nothing where there is no file and none is required. Raises CannotRun."""
    if not file.is_file():
        if not required:
            return {}
        raise CannotRun(
            f"Configuration file {file} not found.",
            seen=f"looked for {file.absolute()}",
            mend="name a pyproject.toml: pgharness check --config pyproject.toml",
        )
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
        _refuse_misspelt_table(tool, file)
        return dict(tool.get("pgharness", {}))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CannotRun(f"{file} is not valid TOML.", seen=str(error), mend=f"correct {file}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise CannotRun(f"[{TABLE}] of {file} is not a table.", seen=str(error), mend=f"write [{TABLE}]") from error


def _refuse_misspelt_table(tool: Mapping[str, Any], file: Path) -> None:
    """Refuse a table that is nearly called like ours: it would be passed over in silence."""
    near = difflib.get_close_matches("pgharness", [name for name in tool if name != "pgharness"], n=1, cutoff=0.85)
    if near and "pgharness" not in tool:
        raise CannotRun(
            f"{file} has no [{TABLE}].",
            seen=f"it has [tool.{near[0]}]",
            mend=f"call it [{TABLE}]; did you mean that?",
        )
