"""Makes Alembic's configuration where no file says it: by a function of the project's own, or for a folder that holds env.py."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import traceback
from argparse import Namespace
from pathlib import Path
from typing import Any

from alembic.config import Config
from sqlalchemy.exc import SQLAlchemyError

from .stopping import Stop, in_one_line

EXAMPLE = 'make_config = "module:function" in [tool.pgharness]; the function returns an alembic.config.Config'
# It is called where the chain is read, too, before there is a database.
_BEFORE = "it is called where the chain is read too, before there is a database"
_AS_ENGINE = (
    'where env.py takes a connection, put the engine into its place, config.attributes["connection"] = create_engine(url), '
    "which is connected when env.py runs"
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
    function: Any = None
    try:
        function = _function(name)
        made = function(url) if _takes_argument(function) else function()
    except (Exception, SystemExit) as error:  # it is anybody's code
        raise Stop(
            f"The configuration that {name!r} makes cannot be had.",
            seen=f"{type(error).__name__}: {in_one_line(error)}",
            mend=_let_env_py_connect(error, function)
            if isinstance(error, (SQLAlchemyError, OSError))
            else f"correct it: {EXAMPLE}",
        ) from error
    if not isinstance(made, Config):
        raise Stop(
            f"{name!r} makes no Alembic configuration.",
            seen=f"it gave a {type(made).__name__}",
            mend=f"correct it: {EXAMPLE}",
        )
    made.cmd_opts = made.cmd_opts or typed
    return made


def _let_env_py_connect(error: BaseException, function: Any) -> str:
    """Say which line of the function comes to connect, and how that is done where there is a database."""
    lines = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == _file_of(function)]
    if not lines:
        return f"let it connect to nothing, for {_BEFORE}: {_AS_ENGINE}"
    own = lines[0]
    if re.search(r"\.(connect|begin)\(\)", own.line or ""):
        return f"let line {own.lineno} of {own.filename} connect to nothing, for {_BEFORE}: {_AS_ENGINE}"
    return (
        f"take line {own.lineno} of {own.filename}, `{own.line}`, out of it, for {_BEFORE}, and write it, with what it imports, into env.py behind the imports, which is run where there "
        f"is one, by the URL of its variables: `{_without_argument(own.line or '', function)}`; "
        f"what env.py takes from the function, config.attributes, it takes from there; or, {_AS_ENGINE}"
    )


def _file_of(function: Any) -> str:
    code = getattr(function, "__code__", None)
    return code.co_filename if code is not None else ""


def _without_argument(line: str, function: Any) -> str:
    """Return a line as env.py can run it: there the URL is that of its configuration."""
    names = list(inspect.signature(function).parameters)[:1]
    asked = 'context.config.get_main_option("sqlalchemy.url")'
    return re.sub(rf"(?<![\w.]){re.escape(names[0])}(?![\w(=])", asked, line) if names else line


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
