"""Asks another tool of one chain after the other, each in a process of its own; run by the interpreter in which that tool lives.

Reads JSON lines `[folder, url]` and answers each with what the tool says of the chain there: null where it passes. Standard library, so
that it runs beside any of them: `python rivals.py upgrade | pytest-alembic | pytest-mrt | mrt-check`.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

LIMIT_S = 900
PYTEST_ALEMBIC = """\
import pytest
from pytest_alembic.config import Config
from pytest_alembic.tests import test_single_head_revision, test_up_down_consistency, test_upgrade
from sqlalchemy import create_engine


@pytest.fixture
def alembic_config():
    return Config(config_options={"file": "alembic.ini"})


@pytest.fixture
def alembic_engine():
    return create_engine(URL)
"""
PYTEST_MRT = """\
from pytest_mrt import MRTConfig


def pytest_configure(config):
    config._mrt_config = MRTConfig(alembic_ini="alembic.ini", db_url=URL)
"""


def main() -> None:
    """Answer until nobody asks any more; what all children need is imported before the first."""
    ask, modules = RIVALS[sys.argv[1]]
    for module in modules:
        importlib.import_module(module)
    for line in sys.stdin:
        folder, url = json.loads(line)
        print(json.dumps(_in_a_child(ask, folder, url)), flush=True)


def _in_a_child(ask: Callable[[str], int], folder: str, url: str) -> str | None:
    """Return what is printed by a child that fails, and that it was ended where it does not end by itself."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        child = os.fork()
        if child == 0:
            os._exit(_ask(ask, folder, url, said.fileno()))
        _, status = os.waitpid(child, 0)
        said.seek(0)
        if os.waitstatus_to_exitcode(status) == -signal.SIGALRM:
            return f"{said.read()}\nnot ended after {LIMIT_S} s"
        return said.read() if status else None


def _ask(ask: Callable[[str], int], folder: str, url: str, said: int) -> int:
    signal.alarm(LIMIT_S)
    for standard in (1, 2):
        os.dup2(said, standard)
    os.chdir(folder)
    try:
        return ask(url)
    except SystemExit as ended:
        return int(ended.code or 0)
    except Exception:  # noqa: BLE001 - whatever a chain raises is what the tool says of it
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _upgrade(_url: str) -> int:
    from alembic import command  # noqa: PLC0415 - not in each tool's environment
    from alembic.config import Config  # noqa: PLC0415

    command.upgrade(Config("alembic.ini"), "head")
    return 0


def _pytest_alembic(url: str) -> int:
    Path("test_chain.py").write_text(f"URL = {url!r}\n{PYTEST_ALEMBIC}", encoding="utf-8")
    return _pytest("-p", "no:schemathesis", "--full-trace", "test_chain.py")


def _pytest_mrt(url: str) -> int:
    """Run the six tests that come without a test being written; one is written, for pytest to find something to do."""
    Path("conftest.py").write_text(f"URL = {url!r}\n{PYTEST_MRT}", encoding="utf-8")
    Path("test_nothing.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    return _pytest("test_nothing.py")


def _pytest(*arguments: str) -> int:
    import pytest  # noqa: PLC0415

    return int(pytest.main(["-q", "-p", "no:cacheprovider", *arguments]))


def _mrt_check(_url: str) -> int:
    """Let it read the files: warnings count, and what breaks the release before is asked for."""
    from pytest_mrt.cli import app  # type: ignore[import-not-found]  # noqa: PLC0415 - in an environment of its own alone

    app(["check", "versions", "--strict", "--check-compat", "--format", "json"], standalone_mode=True)
    return 0


ALEMBIC = ("alembic.command", "alembic.config", "psycopg", "sqlalchemy.dialects.postgresql.psycopg")
RIVALS = {
    "upgrade": (_upgrade, ALEMBIC),
    "pytest-alembic": (_pytest_alembic, (*ALEMBIC, "pytest", "pytest_alembic.tests")),
    "pytest-mrt": (_pytest_mrt, (*ALEMBIC, "pytest", "pytest_mrt.core.verifier")),
    "mrt-check": (_mrt_check, ("pytest_mrt.cli",)),
}


if __name__ == "__main__":
    main()
