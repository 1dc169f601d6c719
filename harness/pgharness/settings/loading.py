"""Reads the settings of a run from the file, the variables and the options, and tells what cannot be used by its name."""

from __future__ import annotations

import difflib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from pgharness.findings import CannotRun
from pgharness.settings.model import PREFIX, Settings
from pgharness.settings.nearest import nearest
from pgharness.settings.project_file import TABLE, read_table, settings_file

# Read elsewhere: by the embedded server and by those who keep things to look at.
OTHER_VARIABLES = ("PGHARNESS_CACHE_DIR", "PGHARNESS_KEEP_SERVER", "PGHARNESS_POSTGRES_BIN")


def load_settings(config: Path | None = None, **options: Any) -> Settings:
    """Read the settings; an option that is None or empty, and a variable that is empty, count as not given.

    `config` is a pyproject.toml; without one, that of the project is read if there is one: see `settings_file`. Relative
    paths in the file are relative to it, relative paths in options to the current folder. Raises CannotRun.
    """
    file = config or settings_file(options.get("alembic") or os.environ.get(f"{PREFIX}ALEMBIC") or None)
    table = read_table(file, required=config is not None)
    given = {name: value for name, value in options.items() if value not in (None, (), [], {})}
    _refuse_unknown(table, file)
    _refuse_misspelt(os.environ)
    try:
        settings = Settings(from_file=_anchor_paths(table, file.parent), **given)  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        form = _form(str(first["loc"][0]), first["type"])
        raise CannotRun(
            f"Invalid value for the setting {name!r}.",
            seen=f"{first['input']!r}: {first['msg'].removeprefix('Value error, ')}",
            mend=f"correct it{form} in [{TABLE}] of {file}, in {PREFIX}{str(first['loc'][0]).upper()} or in the option",
        ) from error
    except SettingsError as error:
        raise CannotRun("Invalid environment variable.", seen=str(error), mend="correct or unset it") from error
    settings._folder = file.absolute().parent  # noqa: SLF001 - no setting that anybody could give
    return settings


def _form(name: str, fault: str) -> str:
    """Return how a setting is written that was given a value of another type, by the name that pydantic has for the fault."""
    if name == "ignore":
        return ', a table with its reason: [[tool.pgharness.ignore]] kind = "…" object = "…" reason = "…",'
    forms = {
        "tuple_type": '["…"]',
        "mapping_type": '{ "<name>" = "…" }',
        "dict_type": '{ "<name>" = "…" }',
        "string_type": '"…"',
        "path_type": '"…"',
        "int_type": "4",
        "int_parsing": "4",
        "bool_type": "true",
        "bool_parsing": "true",
    }
    form = '{ "<table>.<column>" = ["…"] }' if name == "values" else forms.get(fault, "")
    return f", {name} = {form}," if form else ""


def _refuse_unknown(table: Mapping[str, Any], file: Path) -> None:
    for name in table:
        if name not in Settings.model_fields:
            raise CannotRun(
                f"[{TABLE}] of {file} has an unknown setting {name!r}.",
                seen=f"known are {', '.join(Settings.model_fields)}",
                mend=f"correct or remove it{nearest(name, Settings.model_fields)}",
            )


def _refuse_misspelt(variables: Mapping[str, str]) -> None:
    """Refuse a variable that is nearly one of ours: taken for another's, it would be passed over in silence."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | set(OTHER_VARIABLES)
    for name in variables:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.9)
        if name.startswith(PREFIX) and name not in known and near:
            raise CannotRun(
                f"Unknown environment variable {name}: there is no such setting.",
                seen=f"known are {', '.join(sorted(known))}",
                mend=f"correct or unset it; did you mean {near[0]!r}?",
            )


def _anchor_paths(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    anchored = {"alembic": "alembic.ini", "accepted": "pgharness-accepted.toml", **table}
    anchored.setdefault("data_folder", "tests/migrations/data")
    for name in ("alembic", "structure", "baseline", "statements", "profile", "python", "accepted", "data_folder"):
        if isinstance(anchored.get(name), str) and not (name == "python" and _is_on_path(anchored[name], folder)):
            anchored[name] = folder / anchored[name]
    return anchored


def _is_on_path(python: str, folder: Path) -> bool:
    """Whether an interpreter is named as in a shell, `python3.12`, and no file beside the settings."""
    return Path(python).name == python and not (folder / python).exists() and shutil.which(python) is not None
