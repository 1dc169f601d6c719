"""What runs are told that were imported before they were known: a database that is not there stands in for theirs, and variables are set already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SUFFIX = "_pgharness_stand_in"
"""How its name ends, behind that of a database that was there when its variables were written."""

_names: set[str] = set()
"""The stand-ins that modules were imported with, here and where this process was forked: one imported later meets another."""
set_by_imports: dict[str, str] = {}
"""The variables that modules have set while they were imported, in this process or one that it is a copy of."""


def use(name: str) -> None:
    """Take connections to this database for ones to the run's own too, in this process and in those that it forks."""
    _names.add(name)


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str | None]:
    """Return the variables that are others now; None stands for one that is no more."""
    return {name: now.get(name) for name in {**before, **now} if before.get(name) != now.get(name)}


def written_for(variables: Mapping[str, str], parts: Mapping[str, str], url: str) -> dict[str, str]:
    """Return the variables of the settings as they are where the database is the stand-in for the one of `parts` and `url`."""
    name = parts["database"] + SUFFIX
    there = {**parts, "database": name, "url": url.replace(parts["database"], name)}
    return {variable: value.format_map(there) for variable, value in variables.items()}


def lead_to(given: Mapping[str, str], parameters: dict[str, Any]) -> None:
    """Let the parameters of a connection to the stand-in be those of one to the run's own database, as its own role."""
    for key in ("dbname", "database"):
        if parameters.get(key) in _names:
            parameters[key] = given["database"]
            parameters.update({name: given[name] for name in ("user", "password") if name in parameters})
