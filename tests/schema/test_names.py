"""The public names: each can be imported, each when it is asked for, and all of them without FastAPI."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import flowforge_schema

STUB = Path(flowforge_schema.__file__).with_suffix(".pyi").read_text("utf-8")

# A finder that knows no FastAPI stands for an environment without it.
WITHOUT_FASTAPI = """
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] == "fastapi" else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""


def imported_for_checkers() -> dict[str, set[str]]:
    names: defaultdict[str, set[str]] = defaultdict(set)
    for node in ast.walk(ast.parse(STUB)):
        if isinstance(node, ast.ImportFrom):
            names[(node.module or "").removeprefix("flowforge_schema.")] |= {name.name for name in node.names}
    return names


def test_the_names_that_checkers_see_are_those_that_there_are() -> None:
    names = {module: set(names) for module, names in vars(flowforge_schema)["_NAMES_OF_MODULES"].items()}

    assert names == imported_for_checkers()
    assert set().union(*names.values()) == set(flowforge_schema.__all__)


@pytest.mark.parametrize("name", flowforge_schema.__all__)
def test_a_name_can_be_imported(name: str) -> None:
    assert getattr(flowforge_schema, name) is not None


@pytest.mark.parametrize("package", ["flowforge_schema", "flowforge_schema.session", "flowforge_schema.health"])
def test_all_names_can_be_imported_at_once_without_fastapi(package: str) -> None:
    code = f"{WITHOUT_FASTAPI}\nfrom {package} import *\nassert 'fastapi' not in sys.modules"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_name_that_there_is_not_is_told() -> None:
    with pytest.raises(ImportError, match="no_such_name"):
        exec("from flowforge_schema import no_such_name")  # noqa: S102 - a checker would see it
