"""What other tools are offered to run pgharness by, says what the command line takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

Check = Callable[..., Any]
ROOT = Path(__file__).parents[2]


def in_the_action() -> str:
    """Return the command of the action for GitHub, without what its inputs add."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    found = re.search(r"bin/pgharness\" (check .*) \$ARGUMENTS", action["runs"]["steps"][0]["run"])
    assert found is not None
    return found[1]


def in_the_hook() -> str:
    """Return the command of the hook for pre-commit."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    return str(hook["entry"]).removeprefix("pgharness ")


@pytest.mark.parametrize("command", [in_the_action(), in_the_hook()], ids=["action", "hook"])
def test_the_command_that_is_offered_finds_what_is_wrong(check_example: Check, command: str) -> None:
    name, *options = command.split()

    ended = check_example(
        *options, "--only", "graph", edits={"versions/0004_b.py": "revision = '4'\ndown_revision = '0001'\n"}
    )

    assert name == "check"
    assert ended.code == 1
    assert "head" in ended.out
