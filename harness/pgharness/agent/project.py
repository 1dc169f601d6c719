"""The project as one run sees it: its configuration, its script folder, and the surroundings in which its code is imported."""

from __future__ import annotations

import configparser
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.script import ScriptDirectory
from alembic.util import CommandError

from . import ahead
from .configuring import config_of_folder, made_config
from .drivers import choose_driver, require_dialect
from .recipes import location_recipe
from .stopping import Stop, in_one_line
from .versions import as_typed, make_config
from .without_env_py import EMPTY_INI, recipe_without_env_py

if TYPE_CHECKING:
    from alembic.config import Config

# Where no database exists yet, variables still get a URL: code that reads one while it is imported takes any.
NOWHERE = {"host": "127.0.0.1", "port": "9", "user": "nobody", "password": "none", "database": "none"}

# Folders of packages, whose examples are nobody's own.
_OF_OTHERS = frozenset({"node_modules", "site-packages", "venv", "env"})
_MOST_NEAR = 3
_UNREADABLE: tuple[type[Exception], ...] = (configparser.Error, UnicodeDecodeError, SyntaxError)


@dataclass
class Project:
    """An opened project; `url` is that of the test database with the project's driver, `variables` are those of the environment before env.py ran."""

    task: dict[str, Any]
    config: Config
    scripts: ScriptDirectory
    driver: str
    url: str
    variables: dict[str, str]
    set_early: tuple[str, ...] = ()
    """The variables that the project's own code has set by then, as a module does that is imported."""

    @property
    def env_py(self) -> str:
        """The path of env.py."""
        return str(self.scripts.env_py_location)

    def type_revision(self, target: str) -> None:
        """Let `config.cmd_opts` name the revision that is asked for; a chosen head stands there already."""
        if self.config.cmd_opts is not None and len(self.task["heads"]) != 1:
            self.config.cmd_opts.revision = target

    @property
    def serves_several_databases(self) -> bool:
        """Whether the ini lists databases, as in Alembic's template "multidb"."""
        return bool(self.config.get_main_option("databases"))

    @property
    def text_of_env_py(self) -> str:
        """The text of env.py."""
        return Path(self.env_py).read_text(encoding="utf-8", errors="replace")


def open_project(task: dict[str, Any]) -> Project:
    """Open the script folder that the task's ini names, and set what the project's code may read when it is imported.

    Raises Stop where there is none.
    """
    sys.path[:] = [*sys.path, *(entry for entry in task["paths"] if entry not in sys.path)]
    os.chdir(task["folder"])
    os.environ.clear()
    os.environ.update({**task["environment"], **ahead.set_by_imports})
    begun = dict(os.environ)
    config = _configured(task)
    configured_url = _configured_url(config)
    # A script_location of the form package:folder imports the package, which may read the variables.
    _set_variables(task, choose_driver(task["driver"], configured_url, ""))
    scripts = _opened(config, task)
    if task["version_locations"]:
        scripts = _opened_with(config, task["version_locations"])
    if task["versions_folder"]:
        _move_versions(config, task["versions_folder"])
        scripts = script_directory(config)
    env_py = Path(scripts.env_py_location).read_text(encoding="utf-8", errors="replace")
    driver = choose_driver(task["driver"], configured_url, env_py)
    require_dialect(driver)
    url = _set_variables(task, driver)
    if task["parts"]:
        config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    _complete_what_is_typed(config, task, url)
    own = {*task["variables"], *task["limits"], *task["cleared"]}
    set_early = tuple(sorted(ahead.changes(begun, os.environ).keys() - own))
    return Project(task, config, scripts, driver, url, dict(os.environ), set_early)


def _configured_url(config: Config) -> str:
    """Return the URL that the configuration has; one that cannot be read has none, which is told where the revisions are looked for."""
    try:
        return config.get_main_option("sqlalchemy.url") or ""
    except Exception:  # what a parser raises differs between Alembic's versions
        return ""


def _set_variables(task: dict[str, Any], driver: str) -> str:
    """Set the variables that tell of the test database, and return its URL."""
    scheme = f"postgresql+{driver}" if driver else "postgresql"
    parts = task["parts"] or NOWHERE
    url = f"{scheme}://{task['rest_of_url'] or '{user}:{password}@{host}:{port}/{database}'.format_map(parts)}"
    os.environ.update(task["limits"])
    for name in task["cleared"]:
        os.environ.pop(name, None)
    os.environ.update({name: value.format_map({**parts, "url": url}) for name, value in task["variables"].items()})
    return url


def _complete_what_is_typed(config: Config, task: dict[str, Any], url: str) -> None:
    """Let `-x` tell of the test database where it has placeholders, and the command name the only head that is wanted."""
    typed = config.cmd_opts
    if typed is None:
        return
    if task["x"]:
        typed.x = [_filled_in(one, {**(task["parts"] or NOWHERE), "url": url}) for one in task["x"]]
    if len(task["heads"]) == 1:
        typed.revision = task["heads"][0]


def _filled_in(text: str, parts: dict[str, str]) -> str:
    """Put the parts where their placeholders stand; whatever else has braces stays as it is."""
    for name, value in parts.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def move_to(project: Project, locations: list[str]) -> None:
    """Let the revisions lie in these folders, as env.py has said while it ran."""
    project.scripts = _opened_with(project.config, locations)


def script_directory(config: Config) -> ScriptDirectory:
    """Open the script folder; what Alembic puts on the path each time (`prepend_sys_path`) stands there once."""
    before = sys.path[:]
    scripts = ScriptDirectory.from_config(config)
    scripts.dir = os.path.abspath(scripts.dir)  # as env.py and its lines are told  # noqa: PTH100 - links are not followed, `..` is
    added = sys.path[: len(sys.path) - len(before)]
    sys.path[:] = [*dict.fromkeys(added), *(entry for entry in before if entry not in added)]
    return scripts


def _configured(task: dict[str, Any]) -> Config:
    """Let the project make its configuration, or open its file; as with Alembic itself, a pyproject.toml beside an alembic.ini says what that leaves out."""
    file, section, x = Path(task["ini"]), task["section"], task["x"]
    if task["make_config"]:
        url = _set_variables(task, choose_driver(task["driver"], "", ""))
        return made_config(task["make_config"], task["settings_folder"], url, as_typed(file, section, x))
    if (file / "env.py").is_file():
        return config_of_folder(file, section, as_typed(file, section, x))
    beside = file.with_name("pyproject.toml")
    if file.is_file():
        return make_config(file, section, x)
    if file.name == "alembic.ini" and beside.is_file() and "[tool.alembic" in beside.read_text(encoding="utf-8"):
        return make_config(beside, section, x)
    near = _configurations_near(file)
    raise Stop(
        f"Alembic configuration {file} not found.",
        seen=f"looked for {file.absolute()}" + (f"; there is {', '.join(near)}" if near else ""),
        mend=(f"pgharness check --alembic {near[0]}; or " if near else "")
        + (
            recipe_without_env_py(file.absolute().parent)
            or 'name it, or the folder that holds env.py: pgharness check --alembic PATH, or alembic = "PATH" in [tool.pgharness]; '
            'where your program makes the configuration itself, make_config = "module:function"'
        ),
    )


def _configurations_near(file: Path) -> list[str]:
    """Return the alembic.ini of the folders above in the same repository, and of those two levels below, as they can be typed here."""
    above = [one for one in file.absolute().parents[1:] if (one / "alembic.ini").is_file()][:1]
    below = [found.parent for pattern in ("*", "*/*") for found in sorted(Path().glob(f"{pattern}/alembic.ini"))]
    visible = [one for one in below if not any(part.startswith(".") or part in _OF_OTHERS for part in one.parts)]
    return [os.path.relpath(one / "alembic.ini") for one in (*visible[:_MOST_NEAR], *above)]


def _opened(config: Config, task: dict[str, Any]) -> ScriptDirectory:
    file = task["make_config"] or Path(task["ini"])
    try:
        _lead_to_env_py_beside(config)
        scripts = script_directory(config)
    except CommandError as error:
        raise Stop(f"Alembic finds no migrations by {file}.", seen=str(error), mend=_other_sections(config)) from error
    except _UNREADABLE as error:
        raise _unreadable(file, error) from error
    except ValueError as error:  # tomllib.TOMLDecodeError, which Python 3.10 has not
        raise _unreadable(file, error) from error
    if not Path(scripts.env_py_location).is_file():
        raise Stop(
            f"No env.py found in {scripts.dir}.",
            seen=f"looked for {scripts.env_py_location}",
            mend=location_recipe(config)
            or recipe_without_env_py(Path(scripts.dir).absolute().parent)
            or "correct script_location; where there never was one, `alembic init` makes it",
        )
    return scripts


def _lead_to_env_py_beside(config: Config) -> None:
    """Let an ini that names no folder, in no section, lead to the env.py beside it: Flask-Migrate, which writes such, names it when it runs."""
    sections = config.file_config.sections()
    is_said = config.get_main_option("script_location") or any(
        config.file_config.has_option(name, "script_location") for name in sections
    )
    folder = Path(config.config_file_name or "").absolute().parent
    if sections and config.config_file_name and not is_said and (folder / "env.py").is_file():
        config.set_main_option("script_location", str(folder).replace("%", "%%"))


def _unreadable(file: Path | str, error: Exception) -> Stop:
    return Stop(
        f"The Alembic configuration {file} cannot be read.",
        seen=in_one_line(error),
        mend="correct it; `alembic current` shows the same error",
    )


def _other_sections(config: Config) -> str:
    """Return how to name the section, where another one of the file has what is missing, as with `alembic -n`."""
    sections = [
        name for name in config.file_config.sections() if config.file_config.has_option(name, "script_location")
    ]
    has_section = config.file_config.has_section(config.config_ini_section)
    has_own = has_section and config.file_config.has_option(config.config_ini_section, "script_location")
    if not has_section and not sections and not config.file_config.sections():
        return recipe_without_env_py(Path(config.config_file_name or "").absolute().parent) or EMPTY_INI
    if sections and not has_own:
        named = " or ".join(f"-n {name}" for name in sections)
        return (
            f'name the section that has it: pgharness check {named}, or section = "{sections[0]}" in [tool.pgharness]'
        )
    return location_recipe(config) or "set script_location there to the folder that holds env.py"


def _move_versions(config: Config, folder: str) -> None:
    """Let the script folder have another folder of versions, and no hooks that would run on what is written there."""
    _set_locations(config, [folder])
    config.set_main_option("sourceless", "false")
    config.file_config.remove_section("post_write_hooks")
    config.file_config.add_section("post_write_hooks")  # an empty one, or those of a pyproject.toml would run


def _opened_with(config: Config, locations: list[str]) -> ScriptDirectory:
    _set_locations(config, locations)
    return script_directory(config)


def _set_locations(config: Config, folders: list[str]) -> None:
    for name, value in (
        ("version_locations", os.pathsep.join(folders).replace("%", "%%")),
        ("path_separator", "os"),
        ("version_path_separator", "os"),
    ):
        config.set_main_option(name, value)
