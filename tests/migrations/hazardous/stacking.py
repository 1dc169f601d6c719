"""Puts the hazardous revisions on top of a copy of the project's chain."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[3]
PARTS = ("migrations", "schema", "tests/migrations/data", "alembic.ini", "pyproject.toml")


def stack(folder: Path) -> Path:
    """Copy what the chain needs into a folder, and put the three revisions behind its head; give the path of its ini."""
    for name in PARTS:
        copied = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copied(ROOT / name, folder / name)
    versions = folder / "migrations" / "versions"
    head = max(path.stem for path in versions.glob("0*.py"))
    for revision in sorted(Path(__file__).parent.glob("h*.py")):
        text = revision.read_text(encoding="utf-8").replace('"the head"', repr(head))
        (versions / revision.name).write_text(text, encoding="utf-8")
    return folder / "alembic.ini"
