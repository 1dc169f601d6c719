"""What a caller imports from `pgharness` itself: complete, cheap until it is used, and typed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pgharness

ROOT = Path(__file__).parents[2]
STUB = Path(pgharness.__file__).with_suffix(".pyi")

USE = """
from pathlib import Path
from typing import assert_type

from pgharness import Finding, Report, Settings, check_chain, load_settings

settings = load_settings(Path("pyproject.toml"), only=("graph",))
assert_type(settings, Settings)
assert_type(check_chain(settings), Report)
assert_type(check_chain(settings).findings, tuple[Finding, ...])
"""


def test_every_public_name_is_there_and_they_are_sorted() -> None:
    names = pgharness.__all__

    assert names == sorted(names)
    assert [getattr(pgharness, name).__name__ for name in names if name != "Compare"] == [
        name for name in names if name != "Compare"
    ]


def test_type_checkers_are_told_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    told = {
        name.name: (node.module or "").removeprefix("pgharness.")
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }

    assert told == pgharness._MODULES  # type: ignore[attr-defined]
    assert sorted(told) == pgharness.__all__


def test_a_name_that_is_none_is_told_as_python_tells_it() -> None:
    with pytest.raises(AttributeError, match="module 'pgharness' has no attribute 'Chekc'"):
        pgharness.Chekc  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_package_loads_nothing_of_it() -> None:
    script = "import sys, pgharness; print([name for name in sys.modules if name.startswith(('pgharness.', 'psycopg', 'pydantic'))])"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert (ended.stdout, ended.stderr) == ("[]\n", "")


def test_the_types_of_the_public_names_hold(tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(USE, encoding="utf-8")
    cache = ROOT / ".mypy_cache" / "public_names"
    command = [sys.executable, "-m", "mypy", f"--cache-dir={cache}", str(tmp_path / "use.py")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_chain_is_checked_by_one_call(example: Callable[..., Path], quiet_url: str) -> None:
    settings = pgharness.load_settings(None, alembic=example() / "alembic.ini", server=quiet_url, only=("graph",))

    report = pgharness.check_chain(settings)

    assert report.passed
    assert [result.name for result in report.results] == ["graph", "declarations"]
