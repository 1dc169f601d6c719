"""Finds the tables that modules of the project define and nobody imports, so that no MetaData knows of them."""

from __future__ import annotations

import ast
import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData

# A package of models has hundreds of files at most; where there are more, it is something else.
MOST_FILES = 2000


def unimported_tables(metadata: Sequence[MetaData], folders: Sequence[str]) -> list[dict[str, str]]:
    """Return `table` and `module` for each table that a module beside the models would define if it were imported.

    Looked at are the packages in which these MetaData live, also one that is installed where it holds `folders`, those of the revisions;
    the files in these are no models. Files are read and never imported, so a table whose name is computed is not found.
    """
    imported = {Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
    apart = [Path(folder).resolve() for folder in folders]
    return [
        {"table": table, "module": module}
        for module, file in _files_beside(metadata, apart)
        if file not in imported and not any(folder in file.resolve().parents for folder in apart)
        for table in _tables_in(file)
    ]


def _files_beside(metadata: Sequence[MetaData], folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Yield the modules beside those in which the MetaData, or a base that has it, is a name, with their files."""
    homes = [name for name, module in list(sys.modules.items()) if _has_source(module) and _holds(module, metadata)]
    for name in sorted({home.partition(".")[0] for home in homes}):
        file = Path(str(sys.modules[name].__file__)) if _is_projects(sys.modules.get(name), folders) else None
        if file is None:
            continue
        is_package = file.name == "__init__.py"
        package = (name,) if is_package else ()
        for found in itertools.islice(sorted(file.parent.glob("**/*.py" if is_package else "*.py")), MOST_FILES):
            parts = (*package, *found.relative_to(file.parent).with_suffix("").parts)
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), found


def _has_source(module: Any) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).suffix == ".py"


def _is_projects(module: Any, folders: Sequence[Path]) -> bool:
    """Whether a package is no library: it is not installed, or it is what brings the revisions."""
    if not _has_source(module):
        return False
    home = Path(module.__file__).resolve().parent
    is_package = Path(module.__file__).name == "__init__.py"
    return "site-packages" not in home.parts or (is_package and any(home in folder.parents for folder in folders))


def _holds(module: Any, metadata: Sequence[MetaData]) -> bool:
    named = list(vars(module).values())
    return any(one is item or _metadata_of(one) is item for one in named for item in metadata)


def _metadata_of(one: Any) -> Any:
    """Return the MetaData that a base or an object has; a name that stands for what is not there yet, as Flask's `g` does, has none."""
    try:
        return getattr(one, "__dict__", {}).get("metadata")
    except Exception:  # what is asked is anybody's code
        return None


def _tables_in(file: Path) -> Iterator[str]:
    text = file.read_text(encoding="utf-8", errors="replace")
    if "__tablename__" not in text and "Table(" not in text:
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "__tablename__" for one in node.targets):
            yield from _text(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Table":
            yield from (name for value in node.args[:1] for name in _text(value))


def _text(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
