"""What the tests of upgrades share: a chain of the test's own, which begins as the project's and may be added to."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent

import pytest

from flowforge_schema.migrate import configuring

ROOT = Path(__file__).parents[3]


@pytest.fixture
def own_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let `flowforge_schema.migrate` run a copy of the chain, and give the folder of its revisions."""
    folder = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(configuring, "chain_folder", lambda: folder / "versions")
    return folder / "versions"


@pytest.fixture
def add_revision(own_versions: Path) -> Callable[..., str]:
    """Return what adds a revision of these bodies after the last one, and gives its id."""

    def add(slug: str, upgrade: str, downgrade: str = "pass") -> str:
        last = max(own_versions.glob("[0-9]*.py")).stem
        revision = f"{int(last[:4]) + 1:04}_{slug}"
        lines = [
            '"""Made by a test."""',
            "from alembic import op",
            f"revision, down_revision = {revision!r}, {last!r}",
            "branch_labels = depends_on = None",
            "def upgrade():",
            indent(dedent(upgrade), "    "),
            "def downgrade():",
            indent(dedent(downgrade), "    "),
        ]
        (own_versions / f"{revision}.py").write_text("\n".join(lines), encoding="utf-8")
        return revision

    return add
