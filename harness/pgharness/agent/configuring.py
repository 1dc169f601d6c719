"""Makes Alembic's configuration where no file says it: by a function of the project's own, or for a folder that holds env.py."""

from __future__ import annotations

import importlib
import inspect
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from alembic.config import Config
from sqlalchemy.exc import SQLAlchemyError

from .stopping import Stop, in_one_line

EXAMPLE = 'make_config = "module:function" in [tool.pgharness]; the function returns an alembic.config.Config'
# It is called where the chain is read, too, before there is a database.
ENGINE_RECIPE = (
    "let it connect to nothing: where env.py takes a connection, put the engine into its place, "
    'config.attributes["connection"] = create_engine(url), which is connected when env.py runs; '
    "what your program connects for while it is made, env.py may make where there is none: create_app().app_context().push()"
)


def config_of_folder(folder: Path, section: str, typed: Namespace) -> Config:
    """Return the configuration of a script folder that has no file of its own, as `Config()` and its `script_location` make it."""
    config = Config(ini_section=section, cmd_opts=typed)
    config.set_main_option("script_location", str(folder.absolute()).replace("%", "%%"))
    return config


def made_config(name: str, folder: str, url: str, typed: Namespace) -> Config:
    """Return what the function `module:function` makes, which gets the URL if it takes an argument; the folder goes on the path.

    Raises Stop where there is none, where it fails, or makes something else.
    """
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        function = _function(name)
        made = function(url) if _takes_argument(function) else function()
    except (Exception, SystemExit) as error:  # it is anybody's code
        raise Stop(
            f"The configuration that {name!r} makes cannot be had.",
            seen=f"{type(error).__name__}: {in_one_line(error)}",
            mend=ENGINE_RECIPE if isinstance(error, (SQLAlchemyError, OSError)) else f"correct it: {EXAMPLE}",
        ) from error
    if not isinstance(made, Config):
        raise Stop(
            f"{name!r} makes no Alembic configuration.",
            seen=f"it gave a {type(made).__name__}",
            mend=f"correct it: {EXAMPLE}",
        )
    made.cmd_opts = made.cmd_opts or typed
    return made


def _function(name: str) -> Any:
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in (path or "make_config").split("."):
        found = getattr(found, part)
    return found


def _takes_argument(function: Any) -> bool:
    """Whether it can be called with one positional argument; one that it could be called without is not for the URL."""
    required = [
        one
        for one in inspect.signature(function).parameters.values()
        if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    return bool(required)
