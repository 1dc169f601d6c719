"""Makes the environments of projects: a Python, an SQLAlchemy, an Alembic and drivers, without pgharness."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[3]
ENVIRONMENTS = ROOT / ".nox" / "versions"
INSTALL_LIMIT_S = 300


@pytest.fixture(scope="session")
def environment() -> Callable[..., Path]:
    """Return the interpreter of an environment that holds these packages and no others; it is made once and kept."""
    return lambda python, *packages: _proved(python, packages)


def _proved(python: str, packages: tuple[str, ...]) -> Path:
    """Where no package index can be reached, CI fails and other machines skip, and both say why."""
    try:
        return make_environment(python, packages)
    except subprocess.SubprocessError as error:
        said = " ".join(str(getattr(error, "stderr", "") or error).split())[-600:]
        if os.environ.get("CI"):
            pytest.fail(
                f"CI has to prove other versions, and cannot install {' '.join(packages)}: {said}", pytrace=False
            )
        pytest.skip(f"other versions are NOT PROVED here, {' '.join(packages)} cannot be installed: {said}")


def make_environment(python: str, packages: tuple[str, ...]) -> Path:
    """Make the environment, unless it stands, and give its interpreter. Raises subprocess.SubprocessError."""
    digest = hashlib.sha256(repr((python, packages)).encode()).hexdigest()
    named = [re.sub(r"\[.*\]|=", "", package) for package in packages if "==" in package]
    folder = ENVIRONMENTS / "-".join((_short(python), *named, digest[:8]))
    interpreter = folder / "bin" / "python"
    stamp = folder / "made.stamp"
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not stamp.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _install(python, folder, interpreter, packages)
            stamp.touch()
    return interpreter


def _short(python: str) -> str:
    version = subprocess.run(
        [python, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True, check=True
    )
    return f"python{version.stdout.strip()}"


def _install(python: str, folder: Path, interpreter: Path, packages: tuple[str, ...]) -> None:
    if uv := shutil.which("uv"):
        _run(uv, "venv", "--quiet", "--python", python, str(folder))
        _run(uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(interpreter), *packages)
    else:
        _run(python, "-m", "venv", str(folder))
        _run(str(interpreter), "-m", "pip", "install", "--quiet", *packages)


def _run(*command: str) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=INSTALL_LIMIT_S, cwd=ROOT)
