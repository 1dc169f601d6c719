"""The public types hold under mypy and under pyright (basedpyright: the same engine, in a wheel that downloads nothing)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONSUMER = Path(__file__).parent / "typing" / "consumer.py"
WRONG = Path(__file__).parent / "typing" / "wrong.py"

PYRIGHT_SETTINGS = {
    "typeCheckingMode": "strict",
    "pythonVersion": "3.11",
    "reportMissingTypeStubs": False,
}


@pytest.fixture(scope="module")
def seen_by_mypy() -> dict[str, list[int]]:
    """Return the lines of each file about which mypy complains."""
    cache = ROOT / ".mypy_cache" / "consumers"
    command = [sys.executable, "-m", "mypy", f"--cache-dir={cache}", "--hide-error-context", str(CONSUMER), str(WRONG)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    found = re.findall(r"(\w+\.py):(\d+): error: ", done.stdout)
    return lines_by_file((name, int(line)) for name, line in found)


@pytest.fixture(scope="module")
def seen_by_pyright(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """Return the lines of each file about which pyright complains."""
    project = tmp_path_factory.mktemp("pyright")
    settings = {**PYRIGHT_SETTINGS, "include": [str(CONSUMER.parent)]}
    (project / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--project", str(project)]
    done = subprocess.run(
        [*command, "--pythonpath", sys.executable], capture_output=True, text=True, check=False, cwd=project
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return lines_by_file(
        (Path(diagnostic["file"]).name, diagnostic["range"]["start"]["line"] + 1)
        for diagnostic in json.loads(done.stdout)["generalDiagnostics"]
        if diagnostic["severity"] == "error"
    )


def lines_by_file(found: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    lines: dict[str, set[int]] = {CONSUMER.name: set(), WRONG.name: set()}
    for name, line in found:
        lines[name].add(line)
    return {name: sorted(numbers) for name, numbers in lines.items()}


def lines_that_say_wrong() -> list[int]:
    return [number for number, line in enumerate(WRONG.read_text().splitlines(), 1) if "# wrong" in line]


def test_mypy_accepts_what_another_track_writes(seen_by_mypy: dict[str, list[int]]) -> None:
    assert seen_by_mypy[CONSUMER.name] == []


def test_mypy_finds_each_mistake_and_nothing_else(seen_by_mypy: dict[str, list[int]]) -> None:
    assert seen_by_mypy[WRONG.name] == lines_that_say_wrong()


def test_pyright_accepts_what_another_track_writes(seen_by_pyright: dict[str, list[int]]) -> None:
    assert seen_by_pyright[CONSUMER.name] == []


def test_pyright_finds_each_mistake_and_nothing_else(seen_by_pyright: dict[str, list[int]]) -> None:
    assert seen_by_pyright[WRONG.name] == lines_that_say_wrong()
