"""Reads a chain's revisions from Alembic's script folder, without a database: the graph, and what each file declares."""

from __future__ import annotations

import ast
import difflib
import importlib
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import MetaData

from .days import unsaid_days
from .recipes import mend_of_revision_file
from .stopping import Stop, in_one_line

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import Script, ScriptDirectory

_WRITTEN_BY_ALEMBIC = re.compile(r"(Revision ID|Revises|Create Date|Branch Labels|Depends On):", re.IGNORECASE)
# Alembic only warns of these, and goes on with half the graph.
_BROKEN_GRAPH = re.compile(r"is present more than once|referenced from .* is not present")

_USED_BY_FIXES = frozenset({"alembic.op", "sqlalchemy", "sqlalchemy.dialects.postgresql"})

NAMED_OTHERWISE = (
    'give that revision another name without such characters, revision = "…" in its file and down_revision in those after it; a database that has it: '
    "UPDATE alembic_version SET version_num = '…'"
)


def read_chain(scripts: ScriptDirectory, config: Config, heads: Sequence[str] = ()) -> dict[str, Any]:
    """Read every revision in upgrade order, or those that lead to some heads. Raises Stop for files that do not import and graphs that do not hold."""
    with _recorded_warnings() as said:
        try:
            ordered = list(scripts.iterate_revisions("heads", "base", implicit_base=True))[::-1]
            chain = {
                "revisions": [_read_revision(script) for script in ordered],
                "heads": sorted(scripts.get_heads()),
                "bases": sorted(scripts.get_bases()),
                "env_py": str(scripts.env_py_location),
                "folders": [str(scripts.dir), *version_folders(scripts)],
            }
        except (CommandError, RevisionError, KeyError) as error:
            raise _no_graph(scripts, _broken_graph(said) or in_one_line(error)) from error
        except (Exception, SystemExit) as error:  # a revision file is anybody's code and may do anything
            raise Stop(
                f"A revision file in {scripts.versions} cannot be imported.",
                seen=f"{_file_at_fault(error, scripts)}{type(error).__name__}: {in_one_line(error)}",
                mend=mend_of_revision_file(config, error),
            ) from error
    if seen := _broken_graph(said):
        raise _no_graph(scripts, seen)
    return {**chain, **(_chosen(scripts, chain, heads) if heads else {"chosen": False, "left_out": []})}


def _chosen(scripts: ScriptDirectory, chain: dict[str, Any], heads: Sequence[str]) -> dict[str, Any]:
    """Return what leads to these heads, each with all that it depends on. Raises Stop for a name that is none."""
    try:
        named = [_id_by_label(chain, head) for head in heads]
        chosen = sorted({script.revision for head in named for script in scripts.get_revisions(head) if script})
    except (CommandError, RevisionError) as error:
        raise Stop(
            "Unknown revision in `heads`.",
            seen=in_one_line(error),
            mend=f"name heads by id, by file or as BRANCH@head: --head {' --head '.join(chain['heads'])}",
        ) from error
    if within := [one for one in chosen if one not in chain["heads"]]:
        raise Stop(
            "No head in `heads`.",
            seen=f"{', '.join(within)} has revisions after it; the heads are {', '.join(chain['heads'])}",
            mend=f"name heads by id, by file or as BRANCH@head: --head {' --head '.join(chain['heads'])}",
        )
    by_id = {one["revision"]: one for one in chain["revisions"]}
    pending, found = list(chosen), set()
    while pending:
        current = pending.pop()
        if current not in found:
            found.add(current)
            pending += [*by_id[current]["down_revisions"], *by_id[current]["depends_on"]]
    return {
        "revisions": [one for one in chain["revisions"] if one["revision"] in found],
        "heads": chosen,
        "bases": [base for base in chain["bases"] if base in found],
        "chosen": True,
        "left_out": [by_id[head]["label"] for head in chain["heads"] if head not in found],
    }


def _id_by_label(chain: dict[str, Any], name: str) -> str:
    """Return the id of the revision whose file is called so, or as the only one begins so; another name as it is, for Alembic."""
    sought = (Path(name).stem if name.endswith(".py") else name).removesuffix("…")
    revisions = chain["revisions"]
    if not sought or any(one["revision"].startswith(sought) for one in revisions):
        return sought or name
    exact = [one for one in revisions if one["label"] == sought]
    found = exact or [one for one in revisions if one["label"].startswith(sought)]
    return str(found[0]["revision"]) if len(found) == 1 else name


def has_no_revision(scripts: ScriptDirectory) -> bool:
    """Whether the folders hold no file of one; none is imported."""
    return not any(file for folder in version_folders(scripts) for file in Path(folder).rglob("*.py"))


def load_metadata(name: str) -> MetaData:
    """Import `package.module:attribute`; an attribute that has a `metadata` (a declarative base) stands for that."""
    module_name, _, attribute = name.partition(":")
    try:
        value = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # importing runs anybody's code
        raise Stop(
            f"The models {name!r} cannot be imported.",
            seen=f"{type(error).__name__}: {error}",
            mend='name them as metadata = "package.module:attribute", and put their folder on the path '
            "(prepend_sys_path in alembic.ini, or install the package)",
        ) from error
    for part in (attribute or "metadata").split("."):
        value = _attribute(value, part, name)
    metadata = getattr(value, "metadata", value)
    if not isinstance(metadata, MetaData):
        raise Stop(
            f"{name!r} is not the models' MetaData.",
            seen=f"it is a {type(metadata).__name__}",
            mend='name a MetaData or a declarative base: metadata = "package.module:Base"',
        )
    return metadata


def _attribute(owner: Any, part: str, name: str) -> Any:
    try:
        return getattr(owner, part)
    except Exception as error:  # a module may have a __getattr__ of its own
        known = dir(owner)
        models = [one for one in known if isinstance(getattr(getattr(owner, one, None), "metadata", None), MetaData)]
        bases = [one for one in models if not hasattr(getattr(owner, one), "__table__")]
        alike = difflib.get_close_matches(part, known, n=1) if ":" in name else []
        near = alike or bases[:1]
        raise Stop(
            f"The models {name!r} cannot be found.",
            seen=f"{type(error).__name__}: {error}",
            mend='name an attribute of the module: metadata = "package.module:Base"'
            + (f"; did you mean {near[0]!r}?" if near else ""),
        ) from error


def version_folders(scripts: ScriptDirectory) -> list[str]:
    """Return the folders in which the revisions are."""
    return [str(folder) for folder in scripts._version_locations]  # the public name is a property of one folder  # noqa: SLF001


def _no_graph(scripts: ScriptDirectory, seen: str) -> Stop:
    return Stop(
        f"The revisions in {scripts.versions} do not form a graph.", seen=seen, mend=_mend_of_graph(scripts, seen)
    )


def _mend_of_graph(scripts: ScriptDirectory, seen: str) -> str:
    if "not allowed in revision identifier" in seen:
        return NAMED_OTHERWISE
    if (twice := re.search(r"Revision (\S+) is present more than once", seen)) is not None:
        files = ", ".join(_files_of(scripts, twice[1]))
        return (
            f"give each file a revision of its own: {files} say revision = {twice[1]!r}; delete the one that is a copy"
        )
    if "Could not determine revision id" in seen:
        return (
            "move the file out of the folder of revisions, where it is none; or let it say revision and down_revision"
        )
    if (gone := re.search(r"Revision (\S+) referenced from .* is not present", seen)) is not None:
        return _mend_of_gone(scripts, gone[1])
    return "correct down_revision in the file that is named; `alembic history` shows the chain"


def _mend_of_gone(scripts: ScriptDirectory, revision: str) -> str:
    """Return what helps where revisions come after one that has no file."""
    files = ", ".join(_files_of(scripts, revision, r"(?:down_revision|depends_on)"))
    return (
        f"bring the file of {revision} back (git log --diff-filter=D --name-only finds it); or, where it is meant to be gone, correct "
        f"down_revision in {files or 'the file that names it'}: a database that has it then needs "
        "UPDATE alembic_version SET version_num = '<the one before>'"
    )


def _files_of(scripts: ScriptDirectory, revision: str, which: str = "revision") -> list[str]:
    """Return the files that say that they are this revision; or, by `which` of a revision's variables, that come after it."""
    said = re.compile(rf"""^{which}\b[^=\n]*=[^=\n]*["']{re.escape(revision)}["']""", re.MULTILINE)
    files = (file for folder in version_folders(scripts) for file in sorted(Path(folder).rglob("*.py")))
    return [str(file) for file in files if said.search(file.read_text(encoding="utf-8", errors="replace"))]


def _broken_graph(said: list[warnings.WarningMessage]) -> str:
    texts = dict.fromkeys(str(warning.message) for warning in said)
    return "; ".join(text for text in texts if _BROKEN_GRAPH.search(text))


@contextmanager
def _recorded_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Keep warnings from ending the run where PYTHONWARNINGS turns them into errors."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        yield said


def _file_at_fault(error: BaseException, scripts: ScriptDirectory) -> str:
    """Return the name of the revision file that raised, with a colon, or nothing."""
    files = [error.filename or ""] if isinstance(error, SyntaxError) else []
    trace = error.__traceback__
    while trace is not None:
        files.append(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    folders = {Path(folder).resolve() for folder in version_folders(scripts)}
    return next((f"{Path(file).name}: " for file in files if Path(file).resolve().parent in folders), "")


def _read_revision(script: Script) -> dict[str, Any]:
    module = script.module
    tree = ast.parse(Path(script.path).read_bytes())
    allow = getattr(module, "allow", {})
    return {
        "revision": script.revision,
        "label": Path(script.path).stem,
        "path": script.path,
        "down_revisions": list(script._versioned_down_revisions),  # the public name gives str, tuple or None  # noqa: SLF001
        "depends_on": list(script._resolved_dependencies),  # resolved from labels, unlike `dependencies`  # noqa: SLF001
        "has_upgrade": callable(getattr(module, "upgrade", None)) and not _is_empty(tree, "upgrade"),
        "has_downgrade": callable(getattr(module, "downgrade", None)),
        "irreversible": getattr(module, "irreversible", None),
        "allow": {str(check): reason for check, reason in allow.items()} if isinstance(allow, dict) else {},
        "allow_problem": "" if isinstance(allow, dict) else f"It is a {type(allow).__name__} and not a dict.",
        "names": {name: kind for name in _assigned_names(tree) if (kind := _kind(getattr(module, name, None)))},
        "is_idle_on_purpose": _is_empty(tree, "upgrade") and _is_empty(tree, "downgrade") and _is_explained(tree),
        "upgrade_line": _line(tree, "upgrade"),
        "downgrade_line": _line(tree, "downgrade"),
        "after_deploy": getattr(module, "after_deploy", None),
        "before_deploy": getattr(module, "before_deploy", None),
        "create_all_line": _create_all_line(tree),
        "unsaid_days": unsaid_days(tree),
        "imports": {
            name: one.__name__
            for name, one in vars(module).items()
            if isinstance(one, ModuleType) and one.__name__ in _USED_BY_FIXES
        },
    }


def _is_empty(tree: ast.Module, function: str) -> bool:
    """Whether the file defines the function and gives it nothing to do."""
    found = _functions(tree, function)
    return bool(found) and all(_does_nothing(statement) for statement in found[-1].body)


def _create_all_line(tree: ast.Module) -> int:
    """Return the first line on which create_all() is called; 0 where it is not."""
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "create_all"
    ]
    return min(lines, default=0)


def _is_explained(tree: ast.Module) -> bool:
    """Whether a docstring of the file, or of its upgrade(), has a line beside its title and those that Alembic writes."""
    found = [ast.get_docstring(node) or "" for node in _functions(tree, "upgrade")]
    lines = [line for line in (ast.get_docstring(tree) or "").splitlines()[1:] if not _WRITTEN_BY_ALEMBIC.match(line)]
    return any(text.strip() for text in (*found, *lines))


def _line(tree: ast.Module, function: str) -> int:
    """Return the line on which the function begins; 1 where the file defines none of that name."""
    found = _functions(tree, function)
    return found[-1].lineno if found else 1


def _functions(tree: ast.Module, name: str) -> list[ast.FunctionDef]:
    """Return the definitions of a function; the last is the one that counts."""
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]


def _assigned_names(tree: ast.Module) -> tuple[str, ...]:
    targets = [
        target
        for node in tree.body
        for target in (node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)])
    ]
    return tuple(target.id for target in targets if isinstance(target, ast.Name))


def _kind(value: object) -> str:
    """Whether it is a string or a dict of strings; empty for all else."""
    if isinstance(value, dict):
        return "dict" if all(isinstance(item, str) for item in value.values()) else ""
    return "str" if isinstance(value, str) else ""


def _does_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
