"""A run within another program leaves that program's logging and its path as they were."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pgharness.history.chain import open_scripts

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
        known = [reference() for reference in logging._handlerList]
        handler.close()

    assert (tmp_path / "own.log").read_text() == "after the run\n"
    assert handler in known


def test_the_path_does_not_grow_with_each_look_at_a_chain(example: Callable[..., Path]) -> None:
    project = example()
    open_scripts(project / "alembic.ini")
    once = sys.path[:]

    open_scripts(project / "alembic.ini")

    assert sys.path == once
    assert sys.path[0] == str(project)


def test_a_whole_run_puts_a_project_on_the_path_once(run_example: Callable[..., Any], tmp_path: Path) -> None:
    run_example()

    assert sys.path.count(str(tmp_path / "project")) == 1
