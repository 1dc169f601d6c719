"""What to type where a program runs revisions without env.py and ini, as Flask-Alembic does: both, written out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

EMPTY_INI = "write the section [alembic] into it, with script_location = the folder that holds env.py; `alembic init` makes both"
FOLDER = "alembic_env"
_REVISION = re.compile(r"^down_revision\b", re.MULTILINE)
_IMPORTED = re.compile(r"^\s*(?:from|import)\s+flask_alembic\b", re.MULTILINE)
MOST_FILES = 2000
_ENV_PY = """\
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def recipe_without_env_py(folder: Path) -> str:
    """Return the files that a project of Flask-Alembic lacks; nothing where a folder holds none."""
    versions = _versions_below(folder)
    if versions is None or not _imports_flask_alembic(folder):
        return ""
    here = "%(here)s"
    return (
        "Flask-Alembic runs revisions without an env.py, so write one beside them, and an alembic.ini that names both folders:\n"
        f"# {folder / 'alembic.ini'}\n[alembic]\nscript_location = {here}/{FOLDER}\nversion_locations = {here}/{versions}\n"
        f"# {folder / FOLDER / 'env.py'}\n{_ENV_PY}"
        'and name the models: metadata = "<module>:db.metadata" in [tool.pgharness]'
    )


def _versions_below(folder: Path) -> str | None:
    """Return the folder of revisions without an env.py, as it is from another one."""
    for file in _sources(folder):
        text = file.read_text(encoding="utf-8", errors="replace")
        if _REVISION.search(text) and not (file.parent / "env.py").exists():
            return file.parent.relative_to(folder).as_posix()
    return None


def _imports_flask_alembic(folder: Path) -> bool:
    return any(_IMPORTED.search(file.read_text(encoding="utf-8", errors="replace")) for file in _sources(folder))


def _sources(folder: Path) -> Iterator[Path]:
    """Yield the project's Python files, without those of an environment or of a hidden folder, up to a number."""
    found = sorted(folder.glob("*.py")) + sorted(folder.glob("*/*.py")) + sorted(folder.glob("*/*/*.py"))
    for file in found[:MOST_FILES]:
        parts = file.relative_to(folder).parts
        if not any(part.startswith(".") or part in {"site-packages", "node_modules", "venv"} for part in parts):
            yield file
