"""Reads a chain's revisions from Alembic's script folder, without a database."""

from __future__ import annotations

import ast
import configparser
import re
import sys
import tomllib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError

from pgharness.findings import CannotRun
from pgharness.records.revisions import Chain, Revision

# Alembic only warns of these, and goes on with half the graph.
_BROKEN_GRAPH = re.compile(r"is present more than once|referenced from .* is not present")


def open_scripts(alembic_ini: Path) -> tuple[Config, ScriptDirectory]:
    """Open the script folder that an alembic.ini (or a pyproject.toml with `[tool.alembic]`) names.

    Raises CannotRun where there is none, and where a revision file cannot be imported or the graph does not hold.
    """
    config = _open_config(alembic_ini)
    try:
        with _recorded_warnings():
            scripts = script_directory(config)
    except CommandError as error:
        raise CannotRun(
            f"Alembic finds no migrations by {alembic_ini}.",
            seen=str(error),
            mend="set script_location there to the folder that holds env.py",
        ) from error
    except (configparser.Error, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CannotRun(
            f"The Alembic configuration {alembic_ini} cannot be read.",
            seen=_in_one_line(error),
            mend="correct it; `alembic current` shows the same error",
        ) from error
    if not Path(scripts.env_py_location).is_file():
        raise CannotRun(
            f"There is no env.py in {scripts.dir}.",
            seen=f"looked for {scripts.env_py_location}",
            mend="correct script_location; where there never was one, `alembic init` makes it",
        )
    return config, scripts


def script_directory(config: Config) -> ScriptDirectory:
    """Open the script folder; what Alembic puts on the path each time (`prepend_sys_path`) stands there once."""
    before = sys.path[:]
    scripts = ScriptDirectory.from_config(config)
    added = sys.path[: len(sys.path) - len(before)]
    sys.path[:] = [*dict.fromkeys(added), *(entry for entry in before if entry not in added)]
    return scripts


def read_chain(scripts: ScriptDirectory) -> Chain:
    """Read every revision in upgrade order. Raises CannotRun for files that do not import and graphs that do not hold."""
    with _recorded_warnings() as said:
        try:
            ordered = reversed(list(scripts.iterate_revisions("heads", "base", implicit_base=True)))
            chain = Chain(
                revisions=tuple(_read_revision(script) for script in ordered),
                heads=tuple(sorted(scripts.get_heads())),
                bases=tuple(sorted(scripts.get_bases())),
            )
        except (CommandError, RevisionError, KeyError) as error:
            raise _no_graph(scripts, _broken_graph(said) or _in_one_line(error)) from error
        except (Exception, SystemExit) as error:  # a revision file is anybody's code and may do anything
            raise CannotRun(
                f"A revision file in {scripts.versions} cannot be imported.",
                seen=f"{_file_at_fault(error, scripts)}{type(error).__name__}: {_in_one_line(error)}",
                mend="correct the file; `alembic history` shows the same error",
            ) from error
    if seen := _broken_graph(said):
        raise _no_graph(scripts, seen)
    return chain


def _open_config(file: Path) -> Config:
    """Open the file; as with Alembic itself, a pyproject.toml beside an alembic.ini says what that leaves out."""
    beside = file.with_name("pyproject.toml")
    if file.is_file():
        in_toml = file.suffix == ".toml"
        return Config(None if in_toml else file, toml_file=file if in_toml else beside)
    if file.name == "alembic.ini" and beside.is_file() and "[tool.alembic" in beside.read_text(encoding="utf-8"):
        return Config(toml_file=beside)
    raise CannotRun(
        f"There is no Alembic configuration {file}.",
        seen=f"looked for {file.absolute()}",
        mend='name it: pgharness check --alembic PATH, or alembic = "PATH" in [tool.pgharness]',
    )


def _no_graph(scripts: ScriptDirectory, seen: str) -> CannotRun:
    return CannotRun(
        f"The revisions in {scripts.versions} do not form a graph.",
        seen=seen,
        mend="correct down_revision in the file that is named; `alembic history` shows the chain",
    )


def _broken_graph(said: list[warnings.WarningMessage]) -> str:
    texts = dict.fromkeys(str(warning.message) for warning in said)
    return "; ".join(text for text in texts if _BROKEN_GRAPH.search(text))


@contextmanager
def _recorded_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Keep warnings from ending the run where the caller turns them into errors."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        yield said


def _file_at_fault(error: BaseException, scripts: ScriptDirectory) -> str:
    """Give the name of the revision file that raised, with a colon, or nothing."""
    files = [error.filename or ""] if isinstance(error, SyntaxError) else []
    trace = error.__traceback__
    while trace is not None:
        files.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    folders = {Path(folder).resolve() for folder in scripts._version_locations}  # noqa: SLF001 - the public name is a bound property of one folder
    return next((f"{Path(file).name}: " for file in files if Path(file).resolve().parent in folders), "")


def _read_revision(script: Script) -> Revision:
    module = script.module
    tree = ast.parse(Path(script.path).read_bytes())
    allow = getattr(module, "allow", {})
    return Revision(
        revision=script.revision,
        label=Path(script.path).stem,
        path=script.path,
        down_revisions=tuple(script._versioned_down_revisions),  # noqa: SLF001 - the public name gives str, tuple or None
        depends_on=tuple(script._resolved_dependencies),  # noqa: SLF001 - resolved from labels, unlike `dependencies`
        has_upgrade=callable(getattr(module, "upgrade", None)) and not _is_empty(tree, "upgrade"),
        has_downgrade=callable(getattr(module, "downgrade", None)),
        irreversible=getattr(module, "irreversible", None),
        allow={str(check): reason for check, reason in allow.items()} if isinstance(allow, dict) else {},
        allow_problem="" if isinstance(allow, dict) else f"It is a {type(allow).__name__} and not a dict.",
        names={name: kind for name in _assigned_names(tree) if (kind := _kind(getattr(module, name, None)))},
    )


def _is_empty(tree: ast.Module, function: str) -> bool:
    """Say whether the file defines the function and gives it nothing to do."""
    bodies = [node.body for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    return bool(bodies) and all(_does_nothing(statement) for statement in bodies[-1])


def _assigned_names(tree: ast.Module) -> tuple[str, ...]:
    targets = [
        target
        for node in tree.body
        for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
    ]
    return tuple(target.id for target in targets if isinstance(target, ast.Name))


def _kind(value: object) -> str:
    """Say whether it is a string or a dict of strings; empty for all else."""
    if isinstance(value, dict):
        return "dict" if all(isinstance(item, str) for item in value.values()) else ""
    return "str" if isinstance(value, str) else ""


def _does_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _in_one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
