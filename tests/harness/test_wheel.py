"""What the distribution `pgharness` carries when it is built apart from this repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("uv") is None, reason="building a wheel apart needs uv")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel, and give the names of the files in it."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(["uv", "build", "--wheel", "--quiet", "--out-dir", folder, ROOT / "harness"], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_carries_the_licence(names: set[str]) -> None:
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]


def test_the_licence_of_the_wheel_is_that_of_the_repository() -> None:
    assert (ROOT / "harness" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_the_wheel_carries_every_query_the_agent_and_the_types(names: set[str]) -> None:
    package = ROOT / "harness" / "pgharness"
    wanted = {
        f"pgharness/{file.relative_to(package)}"
        for pattern in ("**/*.sql", "agent/*.py", "report/*.css", "*.pyi", "py.typed")
        for file in package.glob(pattern)
    }

    assert wanted <= names
    assert len(wanted) > 40


def test_the_command_needs_no_pytest() -> None:
    script = """
import sys
sys.modules["pytest"] = None  # as where it is not installed: importing it fails
from pgharness.cli import main
sys.argv = ["pgharness", "check", "--help"]
main()
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
