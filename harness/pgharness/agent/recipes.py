"""What to type where env.py, or what it or a revision imports, fails: by the error, by the text of env.py, and by what lies beside the ini."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from .connections import SEVERAL_DATABASES_RECIPE
from .leading_here import OWN_CONNECTION_RECIPE, connection_recipe
from .missing_variables import missing_variables, variables_recipe
from .stopping import in_one_line

if TYPE_CHECKING:
    from alembic.config import Config

    from .project import Project

X_RECIPE = (
    "give what it asks for: pgharness check {options}, or x = [{values}] in [tool.pgharness]; "
    "{{url}} stands there for the URL of the test database"
)
DRIVER_RECIPE = 'name a driver that serves env.py\'s kind of engine: driver = "postgresql+asyncpg" (or +psycopg, +psycopg2) in [tool.pgharness]'
FOLDER_RECIPE = (
    "env.py reads an ini, and there is none: write one that has script_location = {folder} below [alembic] and what fileConfig() reads, and name it "
    'instead of the folder, alembic = "alembic.ini"; or read it in env.py only `if config.config_file_name is not None:`'
)
SSL_RECIPE = (
    'let a variable say how env.py\'s engine encrypts, which the test server does not: connect_args={"sslmode": os.environ.get("PGSSLMODE", "require")} '
    '(asyncpg: {"ssl": …}), and environment = {PGSSLMODE = "disable"} in [tool.pgharness]'
)
SEE_IT = "run `alembic current` to see the same error, and correct"
PROGRAM_RECIPE = (
    'which sets up more before it runs the chain, let a function of yours do so: make_config = "module:function" in [tool.pgharness], which '
    "gets the URL and returns Alembic's configuration"
)
# What env.py may raise, words of its message, and what helps; {connection} stands for what leads it to the test database.
MENDS: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (ImportError,),
        "cannot import name",
        "install the version of that package that the project asks for, where the name is; or correct the import",
    ),
    (
        (ImportError,),
        "",
        "install the package that is missing, or put its folder on the path: prepend_sys_path in alembic.ini",
    ),
    (
        (RuntimeError,),
        "application context",
        (
            'make it where the configuration is made: make_config = "module:function" in [tool.pgharness], a function that pushes '
            "create_app().app_context() and returns Alembic's configuration (Flask-Migrate's: app.extensions[\"migrate\"].migrate.get_config()); "
            "or let env.py make the application itself where there is none: create_app().app_context().push()"
        ),
    ),
    (
        (KeyError,),
        "formatters",
        "give alembic.ini the sections [loggers], [handlers] and [formatters] that fileConfig() reads, or call it only where they are there",
    ),
    (
        (SQLAlchemyError,),
        "SET ROLE",
        (
            "make the role before the chain, as where it is deployed: CREATE ROLE, where it is missing, and its rights on the schema in a file, "
            'baseline = "<file>.sql" in [tool.pgharness]'
        ),
    ),
    (
        (SQLAlchemyError, OSError),
        "password authentication failed",
        (
            "hand the password on as it comes: str() of a URL hides it behind ***, url.render_as_string(hide_password=False) does not "
            "(with .replace('%', '%%') where it goes into set_main_option()); or "
            "{connection}"
        ),
    ),
    *(((SQLAlchemyError, OSError), words, SSL_RECIPE) for words in ("does not support SSL", "rejected SSL upgrade")),
    ((SQLAlchemyError,), "async", DRIVER_RECIPE),
    ((SQLAlchemyError,), "greenlet_spawn", DRIVER_RECIPE),
    ((SQLAlchemyError, OSError), "", "{connection}"),
    ((SystemExit,), "", "{connection}; or, where it runs in your program alone, " + PROGRAM_RECIPE),
    ((SyntaxError, NameError), "", f"{SEE_IT} env.py or what it imports"),
    (
        (BaseException,),
        "",
        f"{SEE_IT} env.py or what it imports; where it passes in your program alone, " + PROGRAM_RECIPE,
    ),
)
# Where what env.py leaves to `-x` is missing, one of these comes of it.
_OF_MISSING_X = (LookupError, TypeError, AttributeError, ValueError, AssertionError, SystemExit)


def words_of(error: BaseException) -> str:
    """Return the error on one line; one that says nothing is told by its line and the code there."""
    name, text = type(error).__name__, in_one_line(error)
    if text or not (frames := traceback.extract_tb(error.__traceback__)):
        return f"{name}: {text}"
    last = frames[-1]
    return f"{name} in line {last.lineno} of {last.filename}: {last.line}"


def mend_of_env_py(project: Project, error: BaseException) -> str:
    """Return what helps where env.py fails."""
    env_py = project.text_of_env_py
    if project.config.config_file_name is None and _reads_ini(error):
        return FOLDER_RECIPE.format(folder=project.scripts.dir)
    if "get_x_argument" in env_py and (isinstance(error, _OF_MISSING_X) or re.search(r"(?<!\S)-x\b", str(error))):
        return _x_recipe(env_py, error)
    if names := missing_variables(error, env_py):
        return f"{variables_recipe(names)}; or {OWN_CONNECTION_RECIPE}"
    if isinstance(error, (SQLAlchemyError, OSError)) and project.serves_several_databases:
        return SEVERAL_DATABASES_RECIPE
    if isinstance(error, ImportError) and (recipe := path_recipe(project.config, error)):
        return recipe
    mend = next(mend for kinds, words, mend in MENDS if isinstance(error, kinds) and words in str(error))
    return mend.replace("{connection}", connection_recipe(project)) if "{connection}" in mend else mend


def _x_recipe(env_py: str, error: BaseException) -> str:
    """Return how env.py gets what it looks up in `-x`: by the key that is missing, else by those that its text looks up."""
    missing = [str(error.args[0])] if isinstance(error, KeyError) and error.args else []
    variables = re.findall(r"^\s*(\w+)\s*(?::[^=\n]*)?=\s*[\w.]*get_x_argument\(", env_py, re.MULTILINE)
    of_x = "|".join([r"get_x_argument\([^)]*\)", *(rf"\b{re.escape(one)}" for one in variables)])
    asked = [
        two or three
        for _, two, three in re.findall(
            rf"""({of_x})(?:\.get\(\s*["'](\w+)["']\s*\)|\[\s*["'](\w+)["']\s*\])""", env_py
        )
    ]
    looked = [key for key, _ in re.findall(rf"""["'](\w+)["']\s+(?:not\s+)?in\s+({of_x})""", env_py)]
    keys = missing or list(dict.fromkeys([*asked, *looked])) or ["KEY"]
    options = " ".join(f"-x {key}=VALUE" for key in keys)
    return X_RECIPE.format(options=options, values=", ".join(f'"{key}=VALUE"' for key in keys))


def mend_of_revision_file(config: Config, error: BaseException) -> str:
    """Return what helps where a revision's file cannot be imported."""
    if isinstance(error, ModuleNotFoundError):
        return (
            path_recipe(config, error)
            or "install the package that is missing where the project is, or correct the file"
        )
    if names := missing_variables(error, ""):
        return variables_recipe(names)
    if isinstance(error, TypeError) and "'int' object is not iterable" in str(error):
        return 'write revision and down_revision as texts: revision = "2", down_revision = "1"'
    seen = "correct the file; `alembic history` shows the same error"
    if isinstance(error, (SyntaxError, NameError)):
        return seen
    return f"{seen}; where it passes in your program alone, {PROGRAM_RECIPE}"


def path_recipe(config: Config, error: ImportError) -> str:
    """Return how the path gets the folder that holds the missing module, where that lies beside the ini; nothing where it does not."""
    top = (error.name or "").partition(".")[0]
    if not top or config.config_file_name is None or not isinstance(error, ModuleNotFoundError):
        return ""
    for folder in _beside(config.config_file_name):
        if (folder / f"{top}.py").is_file() or (folder / top).is_dir():
            where = _by_here(folder, config.config_file_name)
            typed = f", wherever the command is typed; or type it in {folder}" if _leads_by_typing(config) else ""
            return f"{top} lies in {folder}, which is not on the path: prepend_sys_path = {where} in {config.config_file_name} puts it there{typed}"
    return ""


def location_recipe(config: Config) -> str:
    """Return how script_location leads to the folder of env.py wherever the command is typed; nothing where it lies nowhere beside the ini."""
    named = config.file_config.get(config.config_ini_section, "script_location", fallback="")
    if not named or config.config_file_name is None or Path(named).is_absolute():
        return ""
    for folder in _beside(config.config_file_name):
        if (folder / named / "env.py").is_file():
            where = _by_here(folder / named, config.config_file_name)
            path = f", and prepend_sys_path = {_by_here(folder, config.config_file_name)}"
            also = path if _leads_by_typing(config) else ""
            return (
                f"script_location = {where}{also} in {config.config_file_name} holds wherever the command is typed; "
                f"or type it in {folder}"
            )
    return ""


def _beside(ini: str) -> Iterator[Path]:
    """Yield the folders in which what belongs to an ini mostly lies, the nearest first."""
    here = Path(ini).absolute().parent
    yield from (here, here / "src", here.parent, here.parent / "src")


def _leads_by_typing(config: Config) -> bool:
    """Whether the ini puts the folder on the path in which a command is typed."""
    return config.get_main_option("prepend_sys_path") == "."


def _by_here(folder: Path, ini: str) -> str:
    relative = os.path.relpath(folder, Path(ini).absolute().parent)
    return "%(here)s" if relative == "." else f"%(here)s/{relative}"


def _reads_ini(error: BaseException) -> bool:
    return any("config_file_name" in (frame.line or "") for frame in traceback.extract_tb(error.__traceback__))
