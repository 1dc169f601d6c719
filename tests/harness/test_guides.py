"""The guides of the harness, followed as they are printed: every file is written, every command run, every output compared."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_alembic.tests import default
from pytest_alembic.tests.experimental import all_models_register_on_metadata as registered
from pytest_alembic.tests.experimental import downgrade_leaves_no_trace as no_trace

from pgharness.servers import Server
from tests.harness.conftest import EXAMPLES
from tests.harness.documents import BLOCK, FILE, Reader

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "guides"
START = GUIDES / "start-in-your-project.md"
SHAPES = {
    section.partition("\n")[0]: section
    for section in START.read_text(encoding="utf-8").partition("\n## Beside env.py")[0].split("\n### ")[1:]
}
OWN_CHECK, DATA_MIGRATION = GUIDES / "a-check-of-your-own.md", GUIDES / "test-one-data-migration.md"
PYTEST_ALEMBIC = GUIDES / "coming-from-pytest-alembic.md"


@pytest.fixture
def reader(tmp_path: Path, quiet_url: str) -> Reader:
    """Return somebody who follows a page in the sound example, on a server where nothing may be left."""
    shutil.copytree(EXAMPLES / "sound", tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "shop" / "pyproject.toml").write_text('[tool.pgharness]\nalembic = "alembic.ini"\n', encoding="utf-8")
    options = "-p no:cacheprovider -p no:schemathesis -p no:hypothesispytest"
    variables = {"PGHARNESS_SERVER": quiet_url, "PYTEST_ADDOPTS": options, "COLUMNS": "120", "PYTEST_XDIST_WORKER": ""}
    return Reader(tmp_path / "shop", variables)


def test_a_check_of_ones_own_is_written_as_its_guide_says(reader: Reader) -> None:
    assert reader.follow(OWN_CHECK) == [
        *("python", "toml", "console"),
        *("python", "console"),
        *("python", "console"),
        *("python", "console"),
        "toml",
    ]


def test_one_data_migration_is_tested_as_its_guide_says(reader: Reader) -> None:
    assert reader.follow(DATA_MIGRATION) == ["python", "python", "console", "python", "console", "python", "console"]


def test_who_comes_from_pytest_alembic_finds_what_its_guide_says(reader: Reader) -> None:
    assert reader.follow(PYTEST_ALEMBIC) == ["python", "console", "python", "console"]


def test_the_guide_names_each_test_of_pytest_alembics() -> None:
    text = PYTEST_ALEMBIC.read_text(encoding="utf-8")
    names = {name for module in (default, no_trace, registered) for name in vars(module) if name.startswith("test_")}

    assert names >= {"test_upgrade", "test_up_down_consistency"}
    assert {name for name in names if name not in text} == set()


def test_what_the_readme_shows_in_python_runs(reader: Reader) -> None:
    text = (ROOT / "harness" / "README.md").read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        if FILE.match(block):
            reader.write(block)

    reader.run("pytest -q test_shop.py", "…\n2 passed …\n")
    reader.run("python check_the_chain.py", "passed\n")


def test_the_entry_point_of_the_guide_is_that_of_the_example_that_is_installed_in_a_test() -> None:
    block = OWN_CHECK.read_text(encoding="utf-8").split("```toml\n")[-1].split("```")[0]

    assert FILE.sub("", block) in (EXAMPLES / "a_package_with_a_check" / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "page", [OWN_CHECK, DATA_MIGRATION, START, PYTEST_ALEMBIC], ids=["own check", "data migration", "start", "coming"]
)
def test_the_readme_leads_to_each_guide(page: Path) -> None:
    readme = ROOT / "harness" / "README.md"
    links = re.findall(r"\]\(([^)#]+\.md)\)", readme.read_text(encoding="utf-8"))

    assert page in [(readme.parent / link).resolve() for link in links]


def test_a_reader_minds_what_is_printed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo one; echo two\none\n…\nthree\n```\n", encoding="utf-8")

    with pytest.raises(AssertionError, match="is not"):
        Reader(tmp_path, {}).follow(page)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_project_of_each_shape_is_judged_as_the_guide_says(
    shape: str,
    example: Callable[..., Path],
    command_line: Callable[..., Any],
    own_server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {FILE.match(text)[1]: text for _, text in BLOCK.findall(SHAPES[shape])}  # type: ignore[index]
    project = example(edits={"pyproject.toml": "", **files})
    monkeypatch.chdir(project)
    server = own_server.project_url("postgres").render()  # by TCP, as people reach their servers

    ended = command_line(
        "check", "--server", server, "--python", sys.executable, "--only", "upgrade", "--only", "drift"
    )

    assert "OK: no findings in 3 revisions" in ended.out, ended.err
    assert ended.code == 0


def test_the_guide_has_the_ten_shapes() -> None:
    assert len(SHAPES) == 10
