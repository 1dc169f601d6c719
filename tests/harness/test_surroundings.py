"""A run within another program leaves that program's logging, path, folder and modules as they were."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOGS = """
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys =
[logger_root]
level = WARNING
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
"""
CONFIGURES_LOGGING = {
    "env.py": (
        "from alembic import context\n",
        "from logging.config import fileConfig\nfrom alembic import context\nfileConfig(context.config.get_main_option('here') + '/logs.ini')\n",
    ),
    "logs.ini": LOGS,
}


def test_the_handlers_of_others_stay_open(run_example: Callable[..., Any], tmp_path: Path) -> None:
    handler = logging.FileHandler(tmp_path / "own.log", mode="w")
    logger = logging.getLogger("pgharness.tests.surroundings")
    logger.addHandler(handler)
    try:
        run_example(edits=CONFIGURES_LOGGING, only=("graph",))
        logger.warning("after the run")
    finally:
        logger.removeHandler(handler)
        known = [reference() for reference in logging._handlerList]  # type: ignore[attr-defined]  # what logging.shutdown closes
        handler.close()

    assert (tmp_path / "own.log").read_text() == "after the run\n"
    assert handler in known


def test_a_run_leaves_our_path_our_folder_and_our_modules_as_they_were(
    run_example: Callable[..., Any], tmp_path: Path
) -> None:
    path, folder = sys.path[:], Path.cwd()

    run_example()

    assert (sys.path, Path.cwd()) == (path, folder)
    assert not [name for name in sys.modules if tmp_path.name in name]
