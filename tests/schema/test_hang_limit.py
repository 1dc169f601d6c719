"""A test that hangs ends by its name, and those after it run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HANGING = """
import asyncio
import time

import pytest


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
async def test_that_waits_for_ever_in_a_loop():
    await asyncio.Event().wait()


def test_that_waits_for_ever():
    time.sleep(3600)


def test_that_comes_after_it():
    pass
"""


def test_every_test_has_a_limit(pytestconfig: pytest.Config) -> None:
    assert 0 < float(pytestconfig.getini("timeout")) <= 600


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_test_that_hangs_fails_by_its_name_and_the_next_one_runs(tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntimeout = 2\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:schemathesis", "-p", "no:cacheprovider", "-n", workers, "-q"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)

    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED") and "Timeout" in line]
    assert [name for line in failed for name in line.split() if "::" in name] == [
        "test_hanging.py::test_that_waits_for_ever_in_a_loop",
        "test_hanging.py::test_that_waits_for_ever",
    ]
    assert "1 passed" in done.stdout
