"""Reads a chain's revisions from Alembic's script folder, without a database."""

from __future__ import annotations

import ast
from pathlib import Path

from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError

from pgharness.findings import CannotRun
from pgharness.history.records import Chain, Revision


def open_scripts(alembic_ini: Path) -> tuple[Config, ScriptDirectory]:
    """Open the script folder that an alembic.ini (or a pyproject.toml with `[tool.alembic]`) names.

    Raises CannotRun where there is none, and where a revision file cannot be imported or the graph does not hold.
    """
    if not alembic_ini.is_file():
        raise CannotRun(
            f"There is no Alembic configuration {alembic_ini}.",
            seen=f"looked for {alembic_ini.absolute()}",
            mend='name it: pgharness check --alembic PATH, or alembic = "PATH" in [tool.pgharness]',
        )
    in_toml = alembic_ini.suffix == ".toml"
    config = Config(None if in_toml else alembic_ini, toml_file=alembic_ini if in_toml else None)
    try:
        scripts = ScriptDirectory.from_config(config)
    except CommandError as error:
        raise CannotRun(
            f"Alembic finds no migrations by {alembic_ini}.",
            seen=str(error),
            mend="set script_location there to the folder that holds env.py",
        ) from error
    return config, scripts


def read_chain(scripts: ScriptDirectory) -> Chain:
    """Read every revision in upgrade order. Raises CannotRun for files that do not import and graphs that do not hold."""
    try:
        ordered = reversed(list(scripts.iterate_revisions("heads", "base", implicit_base=True)))
        return Chain(
            revisions=tuple(_read_revision(script) for script in ordered),
            heads=tuple(sorted(scripts.get_heads())),
            bases=tuple(sorted(scripts.get_bases())),
        )
    except (CommandError, KeyError) as error:
        raise CannotRun(
            f"The revisions in {scripts.versions} do not form a graph.",
            seen=_first_line(error),
            mend="correct down_revision in the file that is named; `alembic history` shows the chain",
        ) from error
    except Exception as error:  # a revision file is anybody's code and may raise anything when it is imported
        raise CannotRun(
            f"A revision file in {scripts.versions} cannot be imported.",
            seen=f"{type(error).__name__}: {_first_line(error)}",
            mend="correct the file; `alembic history` shows the same error",
        ) from error


def _read_revision(script: Script) -> Revision:
    module = script.module
    tree = ast.parse(Path(script.path).read_text(encoding="utf-8"))
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
        allow=dict(allow) if isinstance(allow, dict) else {"": f"allow is a {type(allow).__name__}, not a dict"},
        names=_assigned_names(tree),
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


def _does_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0]
