"""Finds the environment variables that env.py asks for in vain, by what it or its settings library says."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

# What a variable is for by the end of its name, and the placeholder that stands for it in the setting `environment`.
_PLACEHOLDERS = (
    (("HOST", "HOSTNAME", "SERVER"), "{host}"),
    (("PORT",), "{port}"),
    (("USER", "USERNAME"), "{user}"),
    (("PASSWORD", "PASS", "PASSWD", "PWD"), "{password}"),
    (("NAME", "DB", "DATABASE", "DBNAME"), "{database}"),
    (("URL", "URI", "DSN", "STRING"), "{url}"),
)
# A name of several words; decouple, environs, starlette and those who raise by hand all put it into their message.
_NAME = re.compile(r"(?<![\w.])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?!\w)")
READS = re.compile(r"""(?:getenv|environ(?:\.get)?)\s*[\[(]\s*["'](\w+)["']""")
# These name constants of the project's code.
_OF_CODE = (ImportError, SyntaxError, NameError, AttributeError, AssertionError)


def missing_variables(error: BaseException, text: str) -> tuple[str, ...]:
    """Return the variables that are not set and that the error is about, where `text` is that of env.py."""
    for one in _with_causes(error):
        for names in (_of_settings(one), _of_environ(one), _in_words(one)):
            if names:
                return tuple(dict.fromkeys(names))
    if "None" in str(error):
        return tuple(name for name in dict.fromkeys(READS.findall(text)) if name not in os.environ)
    return ()


def variables_recipe(names: tuple[str, ...]) -> str:
    """Return the setting that gives env.py its variables: `environment = {DB_HOST = "{host}"} in [tool.pgharness]`."""
    return f"set environment = {{{', '.join(f'{name} = {_value_of(name)}' for name in names)}}} in [tool.pgharness]"


def is_part_of_url(name: str) -> str:
    """Return the placeholder for what a variable is for by its name; empty where it is for something else than the database."""
    last = name.upper().rpartition("_")[2]
    return next((value for words, value in _PLACEHOLDERS if last.endswith(words)), "")


def _value_of(name: str) -> str:
    return f'"{is_part_of_url(name) or "<value>"}"'


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        yield current
        seen.append(current)
        current = current.__cause__ or current.__context__


def _of_settings(error: BaseException) -> list[str]:
    """Read the fields that pydantic-settings found nowhere, with the prefix that the class of settings names."""
    if not type(error).__module__.startswith("pydantic") or not hasattr(error, "errors"):
        return []
    prefix = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        settings: Mapping[str, Any] = getattr(frame.f_locals.get("__pydantic_self__"), "model_config", {})
        prefix = str(settings.get("env_prefix") or prefix)
    missing = [str(one["loc"][0]) for one in error.errors() if one["type"] == "missing" and one["loc"]]
    return [f"{prefix}{name}".upper() for name in missing]


def _of_environ(error: BaseException) -> list[str]:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    in_os = bool(frames) and frames[-1].f_globals.get("__name__") == "os"
    return [str(error.args[0])] if isinstance(error, KeyError) and in_os and error.args else []


def _in_words(error: BaseException) -> list[str]:
    if isinstance(error, (*_OF_CODE, OSError)) or type(error).__module__.startswith("sqlalchemy"):
        return []
    return [name for name in _NAME.findall(str(error)) if name not in os.environ]
