from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from flowforge_schema.health import known_revisions
from pgharness.databases import Database

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(shutil.which("uv") is None, reason="building a wheel apart needs uv")


def uv(*arguments: str | Path) -> None:
    done = subprocess.run(["uv", *arguments], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--quiet", "--out-dir", folder, ROOT)
    (built,) = folder.glob("flowforge_schema-*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel where there is nothing else, and give the folder of its programs."""
    environment = tmp_path_factory.mktemp("environment")
    uv("venv", "--quiet", "--clear", "--python", sys.executable, environment)
    python = environment / "bin" / "python"
    uv("pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", "--python", python, wheel)
    return python.parent


@pytest.mark.slow
def test_the_wheel_carries_every_revision(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = {Path(name).stem for name in archive.namelist() if "_migrations/versions/0" in name}

    assert carried == set(known_revisions())


@pytest.mark.slow
def test_the_sdist_holds_what_the_wheel_is_made_of_and_no_more(tmp_path: Path) -> None:
    uv("build", "--sdist", "--quiet", "--out-dir", tmp_path, ROOT)
    (built,) = tmp_path.glob("flowforge_schema-*.tar.gz")
    with tarfile.open(built) as archive:
        held = {Path(name).parts[1] for name in archive.getnames()}

    assert held >= {"schema", "migrations", "LICENSE", "README.md"}
    assert held.isdisjoint({"harness", "tests", "docs", "benchmarks", "ci"})


@pytest.mark.slow
def test_an_installed_wheel_upgrades_a_database_without_the_repository(
    programs: Path, empty_database: Database, tmp_path: Path
) -> None:
    url = empty_database.url.render_as_string(hide_password=False)
    environment = {"PATH": os.environ["PATH"], "FLOWFORGE_DB_URL": url}

    done = [
        subprocess.run(
            [programs / "flowforge-schema", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        for arguments in (["upgrade"], ["check"], ["seed", "--scale", "runs=100,workflows=10,users=3"])
    ]

    assert [run.returncode for run in done] == [0, 0, 0], [run.stderr for run in done]


@pytest.mark.slow
def test_an_installed_wheel_does_not_look_into_the_repository(programs: Path, tmp_path: Path) -> None:
    shown = subprocess.run(
        [programs / "python", "-c", "from flowforge_schema.chain import chain_folder; print(chain_folder())"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert Path(shown.stdout.strip()).is_relative_to(programs.parent)
