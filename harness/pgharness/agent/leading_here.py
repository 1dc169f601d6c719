"""What to type where env.py does not connect to the test database: by the settings that it reads, and by what sets them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .missing_variables import READS, is_part_of_url, variables_recipe

if TYPE_CHECKING:
    from .project import Project

OWN_CONNECTION_RECIPE = (
    'let env.py begin with connection = config.attributes.get("connection") and use it where it is not None; '
    'or take the URL from config.get_main_option("sqlalchemy.url")'
)
OSLO_RECIPE = (
    "let a function of yours give oslo.config the URL, as the project's command does from its file: "
    'make_config = "module:function" in [tool.pgharness], which gets the URL, calls cfg.CONF([], project="<name>", default_config_files=[]) and '
    'cfg.CONF.set_override("connection", url, "database") once the project\'s options are registered, and returns Alembic\'s configuration'
)
# A variable tells of a database where one of its words does.
_OF_A_DATABASE = re.compile(r"(?:^|_)(?:PG|DB|DATABASE|SQL\w*|POSTGRES\w*|DSN)(?:_|$)|^PG[A-Z]+$")


def connection_recipe(project: Project) -> str:
    """Return how env.py comes to connect to the test database: by variables that it reads, where these are known."""
    if names := _variables(project):
        return f"{variables_recipe(names)}; or {OWN_CONNECTION_RECIPE}"
    if "oslo_config" in sys.modules:
        return f"{OSLO_RECIPE}; or {OWN_CONNECTION_RECIPE}"
    return f'{OWN_CONNECTION_RECIPE}; or, where it reads a variable, set environment = {{DATABASE_URL = "{{url}}"}} in [tool.pgharness]'


def _variables(project: Project) -> tuple[str, ...]:
    """Return the variables that tell of a database, and that nobody has set here; a URL says all that the others do."""
    read = dict.fromkeys((*_of_settings(), *_of_code(project)))
    given = project.task["variables"]
    names = [name for name in read if _OF_A_DATABASE.search(name) and is_part_of_url(name) and name not in given]
    urls = [name for name in names if is_part_of_url(name) == "{url}"]
    return tuple(urls[:1] or names)


def _of_settings() -> Iterator[str]:
    """Yield what the classes of pydantic-settings read that are loaded."""
    library = sys.modules.get("pydantic_settings")
    known: list[Any] = list(library.BaseSettings.__subclasses__()) if library is not None else []
    while known:
        settings = known.pop()
        known += settings.__subclasses__()
        if settings.__module__.partition(".")[0] == "pydantic_settings":
            continue
        for name, field in settings.model_fields.items():
            alias = field.validation_alias
            yield (alias if isinstance(alias, str) else f"{settings.model_config.get('env_prefix', '')}{name}").upper()


def _of_code(project: Project) -> Iterator[str]:
    """Yield what env.py, and the modules that it imports by name, read from os.environ."""
    text = project.text_of_env_py
    for code in (text, *_texts_of(_imported(text))):
        yield from READS.findall(code)


def _imported(code: str) -> Iterator[str]:
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError):
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def _texts_of(modules: Iterator[str]) -> Iterator[str]:
    for name in dict.fromkeys(modules):
        path = Path(str(getattr(sys.modules.get(name), "__file__", None) or ""))
        if path.suffix == ".py" and name.partition(".")[0] not in {"alembic", "sqlalchemy", "os", "logging"}:
            yield path.read_text(encoding="utf-8", errors="replace")
